/** Events as a story: what people want to know, without one line for each of a hundred chunks. Pure. */

import type { StoredEvent } from "@/api/client";

export const TOLD = [
  "video.uploading",
  "video.queued",
  "video.processing",
  "video.playable",
  "video.ready",
  "video.failed",
  "video.canceled",
  "video.renamed",
  "prepared",
  "chunks",
  "sounded",
  "task.retrying",
  "task.lost",
  "task.given_back",
  "job.restarted",
] as const;
export type Told = (typeof TOLD)[number];

export interface Line {
  readonly key: string;
  readonly told: Told;
  readonly at: string;
  readonly tone: "plain" | "good" | "bad" | "lamp";
  readonly name: string;
  readonly count: number;
  readonly index: number;
}

const TONES: Partial<Record<Told, Line["tone"]>> = {
  "video.ready": "good",
  "video.playable": "lamp",
  "video.failed": "bad",
  "task.lost": "bad",
  "task.retrying": "bad",
};

const DONE: Readonly<Record<string, Told>> = {
  prepare: "prepared",
  encode: "chunks",
  audio: "sounded",
};

function toldOf(event: StoredEvent): Told | null {
  if (event.type === "task.done") return DONE[String(event.data.kind)] ?? null;
  return TOLD.find((one) => one === event.type) ?? null;
}

/** Lines from the first to the last; chunks that end one after another are one line that counts. */
export function tellStory(events: readonly StoredEvent[]): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    const told = toldOf(event);
    if (!told) continue;
    const last = lines.at(-1);
    if (told === "chunks" && last?.told === "chunks") {
      lines[lines.length - 1] = { ...last, at: event.at, count: last.count + 1 };
      continue;
    }
    lines.push({
      key: `${event.id}`,
      told,
      at: event.at,
      tone: TONES[told] ?? "plain",
      name: String(event.data.name ?? ""),
      count: 1,
      index: Number(event.data.index ?? 0) + 1,
    });
  }
  return lines;
}
