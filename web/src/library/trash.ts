/**
 * Deleting with a way back: what is thrown away is hidden at once, and the server hears of it when
 * the time to undo is over, or when the page is left.
 */

import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api, HEADERS, take } from "@/api/client";
import { keys } from "@/api/queries";
import { dropVideos } from "@/live/live";

export const UNDO_MS = 8_000;

/** Most videos that one request deletes. */
const AT_ONCE = 200;

interface Batch {
  readonly ids: readonly string[];
  readonly timer: ReturnType<typeof setTimeout>;
}

const batches = new Set<Batch>();
const watchers = new Set<() => void>();
let hidden: ReadonlySet<string> = new Set();

function changed(): void {
  hidden = new Set([...batches].flatMap(({ ids }) => ids));
  for (const watcher of watchers) watcher();
}

function send(ids: readonly string[], keepalive: boolean): Promise<unknown>[] {
  const requests: Promise<unknown>[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const body = { ids: ids.slice(start, start + AT_ONCE) };
    requests.push(
      keepalive
        ? fetch("/api/videos/delete", {
            method: "POST",
            keepalive: true,
            headers: { ...HEADERS, "Content-Type": "application/json" },
            body: JSON.stringify(body),
          })
        : take(api.POST("/api/videos/delete", { body })),
    );
  }
  return requests;
}

globalThis.addEventListener?.("pagehide", () => {
  for (const batch of batches) {
    clearTimeout(batch.timer);
    send(batch.ids, true);
  }
  batches.clear();
});

/** Throw videos away; returns the way back.
 *
 * @param onFailed is told when the server did not take it; the videos are shown again.
 */
export function throwAway(
  client: QueryClient,
  ids: readonly string[],
  onFailed: (error: unknown) => void,
): () => void {
  const batch: Batch = {
    ids,
    timer: setTimeout(async () => {
      try {
        await Promise.all(send(ids, false));
        dropVideos(client, ids);
        void client.invalidateQueries({ queryKey: keys.summary });
      } catch (error) {
        onFailed(error);
      }
      batches.delete(batch);
      changed();
    }, UNDO_MS),
  };
  batches.add(batch);
  changed();
  return () => {
    clearTimeout(batch.timer);
    batches.delete(batch);
    changed();
  };
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Videos that are hidden until the server has heard, or they are taken back. */
export function useHidden(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => hidden);
}
