/** The content security policy names each style of the player by its hash: is none missing, none too many? */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as library from "media-chrome";
import { describe, expect, it } from "vitest";

interface Templated {
  getTemplateHTML(attributes: Record<string, string>): string;
}

/** Elements of ours, and those that they put into their shadow roots by themselves. */
const USED = [
  library.MediaController,
  library.MediaGestureReceiver,
  library.MediaControlBar,
  library.MediaLoadingIndicator,
  library.MediaTimeRange,
  library.MediaVolumeRange,
  library.MediaPreviewThumbnail,
  library.MediaPreviewTimeDisplay,
  library.MediaPreviewChapterDisplay,
  library.MediaTimeDisplay,
  library.MediaPlayButton,
  library.MediaMuteButton,
  library.MediaPipButton,
  library.MediaFullscreenButton,
  library.MediaTooltip,
  library.MediaKeyboardShortcutsDialog,
] as unknown as Templated[];

function hashes(element: Templated): string[] {
  const styles = element.getTemplateHTML({}).matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g);
  return [...styles].map(([, style = ""]) => {
    const hash = createHash("sha256").update(style).digest("base64");
    return `'sha256-${hash}'`;
  });
}

describe("the styles that the player brings", () => {
  it.each([
    ["the API", "../../src/carrete/api/page.py"],
    ["nginx", "../../infra/instance/nginx/headers.conf"],
  ])("are those that the policy of %s allows", (_, path) => {
    const text = readFileSync(new URL(path, import.meta.url), "utf8");
    const allowed = [...text.matchAll(/'sha256-[A-Za-z0-9+/=]{44}'/g)].map(([hash]) => hash);
    const brought = new Set(USED.flatMap(hashes));
    expect(brought.size).toBeGreaterThan(0);
    expect(allowed.sort()).toEqual([...brought].sort());
  });
});
