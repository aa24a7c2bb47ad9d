/**
 * One stream of events for all tabs of the browser.
 *
 * Browsers open six connections to a server of HTTP/1.1, and a stream takes one for good: so the tab
 * that holds a lock reads the stream and passes it on to the others. When it goes, another takes the
 * lock and goes on after the last event that it has seen, so that none is lost.
 */

import { api, take } from "@/api/client";
import type { LiveEvent } from "./apply";

/** Types of events, as `docs/architecture.md` lists them; an EventSource hears only what is named. */
export const EVENT_TYPES = [
  "video.uploading",
  "video.queued",
  "video.processing",
  "video.playable",
  "video.progress",
  "video.ready",
  "video.failed",
  "video.canceled",
  "video.renamed",
  "video.deleting",
  "video.deleted",
  "task.running",
  "task.published",
  "task.done",
  "task.retrying",
  "task.lost",
  "task.given_back",
  "job.restarted",
] as const;

export type Connection = "connecting" | "open" | "lost";

export interface Listener {
  event(event: LiveEvent): void;
  /** The stream began afresh: what happened before it is unknown, so everything is read again. */
  fresh(): void;
  connection(state: Connection): void;
}

type Message =
  | { kind: "ask" }
  | { kind: "event"; event: LiveEvent }
  | { kind: "fresh" }
  | { kind: "connection"; state: Connection };

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

/** Follow the account's events until the signal; bounded waits between attempts. */
export function followEvents(account: string, listener: Listener, signal: AbortSignal): void {
  const channel = new BroadcastChannel(`carrete-events-${account}`);
  let last: number | null = null;
  let leads = false;
  let state: Connection = "connecting";

  function hear(message: Message): void {
    if (message.kind === "event") {
      const { id } = message.event;
      if (id !== null && last !== null && id <= last) return;
      if (id !== null) last = id;
      listener.event(message.event);
    } else if (message.kind === "fresh") listener.fresh();
    else if (message.kind === "connection") {
      state = message.state;
      listener.connection(state);
    } else if (leads) channel.postMessage({ kind: "connection", state } satisfies Message);
  }

  channel.onmessage = ({ data }: MessageEvent<Message>) => hear(data);
  signal.addEventListener("abort", () => channel.close());
  const tell = (message: Message) => {
    if (signal.aborted) return;
    hear(message);
    channel.postMessage(message);
  };
  channel.postMessage({ kind: "ask" } satisfies Message);
  const lead = () => {
    leads = true;
    const start = (id: number) => {
      last = id;
    };
    return readStream(() => last, start, tell, signal);
  };
  if ("locks" in navigator) {
    navigator.locks.request(`carrete-events-${account}`, { signal }, lead).catch(() => {
      // Only the signal refuses the lock.
    });
  } else {
    // A page that is not served securely has no locks: each tab then has its own stream.
    void lead();
  }
}

async function readStream(
  last: () => number | null,
  start: (id: number) => void,
  tell: (message: Message) => void,
  signal: AbortSignal,
): Promise<void> {
  let backoff = FIRST_BACKOFF_MS;
  while (!signal.aborted) {
    const opened = await oneStream(last(), start, tell, signal);
    if (signal.aborted) return;
    if (opened) backoff = FIRST_BACKOFF_MS;
    tell({ kind: "connection", state: "lost" });
    // A stream that is refused may be so because the session has ended: this says so, or passes.
    await take(api.GET("/api/me")).catch(() => undefined);
    await pause(backoff, signal);
    backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
  }
}

/** Read until the browser gives up (it reconnects by itself); tells whether it ever opened. */
function oneStream(
  last: number | null,
  start: (id: number) => void,
  tell: (message: Message) => void,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const query = last === null ? "" : `?last_event_id=${last}`;
    const source = new EventSource(`/api/events${query}`);
    let opened = false;
    const end = () => {
      source.close();
      resolve(opened);
    };
    signal.addEventListener("abort", end, { once: true });
    source.onopen = () => {
      opened = true;
      tell({ kind: "connection", state: "open" });
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) {
        signal.removeEventListener("abort", end);
        end();
      } else tell({ kind: "connection", state: "connecting" });
    };
    source.addEventListener("hello", (message) => {
      start(Number(message.lastEventId));
      tell({ kind: "fresh" });
    });
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (message) => {
        const body = JSON.parse(message.data) as Omit<LiveEvent, "id">;
        // A fleeting event repeats the id of the one before it.
        const id = type === "video.progress" ? null : Number(message.lastEventId);
        tell({ kind: "event", event: { ...body, id } });
      });
    }
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    globalThis.addEventListener("online", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
