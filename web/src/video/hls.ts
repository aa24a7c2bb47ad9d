/** hls.js for one source, and what a page asks of it. */

import Hls, { type ErrorData, type Level } from "hls.js";

export interface Quality {
  readonly index: number;
  readonly label: string;
}

/** What the menu offers: each picture size once for each codec, best first. Pure. */
export function qualities(
  levels: readonly Pick<Level, "width" | "height" | "videoCodec">[],
): Quality[] {
  const codecs = new Set(levels.map(({ videoCodec }) => family(videoCodec)));
  return levels
    .map(({ width, height, videoCodec }, index) => ({
      index,
      size: Math.min(width, height),
      label: `${Math.min(width, height)}p${codecs.size > 1 ? ` ${family(videoCodec)}` : ""}`,
    }))
    .sort((a, b) => b.size - a.size)
    .map(({ index, label }) => ({ index, label }));
}

function family(codec: string | undefined): string {
  return codec?.startsWith("av01") ? "AV1" : "H.264";
}

export interface PlayerState {
  readonly qualities: readonly Quality[];
  /** Chosen by the person, or -1: the player chooses. */
  readonly chosen: number;
  /** What is shown. */
  readonly shown: number;
  readonly failed: boolean;
}

export const NOTHING: PlayerState = { qualities: [], chosen: -1, shown: -1, failed: false };

/** The renditions that a master playlist lists, by the paths of their own lists. Pure.
 *
 * What follows in an address may change while the rendition stays the same.
 */
export function renditionsIn(master: string, base: string): string[] {
  return [...master.matchAll(/^#EXT-X-STREAM-INF:.*\r?\n([^#\r\n]+)/gm)].map((found) =>
    pathOf(found[1] ?? "", base),
  );
}

function pathOf(address: string, base: string): string {
  return new URL(address, base).pathname;
}

/** Times that the player mends itself before it gives up. */
const MENDS = 3;

export class Stream {
  private readonly hls: Hls;
  private readonly video: HTMLVideoElement;
  private readonly source: string;
  private mends = 0;
  private state = NOTHING;
  /** What the playlist listed when it was last loaded; null while it is on its way. */
  private listed: ReadonlySet<string> | null = null;
  /** Whether it may have changed since it was asked for. */
  private outdated = false;

  constructor(video: HTMLVideoElement, source: string, onState: (state: PlayerState) => void) {
    this.video = video;
    this.source = source;
    this.hls = new Hls({
      // A video that is still being made is an event: it starts at its beginning, not at its edge.
      startPosition: 0,
      liveDurationInfinity: false,
      maxBufferLength: 30,
      backBufferLength: 60,
    });
    const change = (part: Partial<PlayerState>) => {
      this.state = { ...this.state, ...part };
      onState(this.state);
    };
    // Before hls.js leaves out what this browser can't play.
    this.hls.on(Hls.Events.MANIFEST_LOADED, (_, { levels }) => {
      this.listed = new Set(levels.map(({ url }) => pathOf(url, location.href)));
    });
    this.hls.on(Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
      change({ qualities: qualities(levels), failed: false });
      if (this.outdated) void this.refresh();
    });
    this.hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => change({ shown: level }));
    this.hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal && !this.mend(data)) change({ failed: true });
    });
    this.choose = (index) => {
      this.hls.nextLevel = index;
      change({ chosen: index });
    };
    this.hls.loadSource(source);
    this.hls.attachMedia(video);
  }

  readonly choose: (index: number) => void;

  /** Read the master playlist again when it lists other renditions now; playing goes on.
   *
   * hls.js reads it once: who came when only the smallest was there would keep to that one.
   */
  async refresh(): Promise<void> {
    this.outdated = this.listed === null;
    if (this.outdated) return;
    const answer = await fetch(this.source).catch(() => null);
    if (!answer?.ok) return;
    const now = renditionsIn(await answer.text(), new URL(this.source, location.href).href);
    const { listed } = this;
    // It is null when another call was faster.
    if (!listed || (now.length === listed.size && now.every((path) => listed.has(path)))) return;
    this.reload();
  }

  /** Begin again where it stands: what was loaded may be of an earlier run. */
  reload(): void {
    const { currentTime, paused } = this.video;
    this.listed = null;
    this.hls.config.startPosition = currentTime;
    this.hls.loadSource(this.source);
    if (!paused) void this.video.play().catch(() => undefined);
  }

  destroy(): void {
    this.hls.destroy();
  }

  private mend(data: ErrorData): boolean {
    this.mends += 1;
    if (this.mends > MENDS) return false;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) this.hls.recoverMediaError();
    else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
      // Signed addresses run out, a connection comes back: the playlist has new ones.
      setTimeout(() => this.reload(), 1_000 * this.mends);
    } else return false;
    return true;
  }
}
