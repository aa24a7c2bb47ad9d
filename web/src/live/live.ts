/** Events into the cache: everything that is shown is as the server has it, without asking again. */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, take, type Video, type VideoMap } from "@/api/client";
import { keys, type Listing } from "@/api/queries";
import { changesMap, isGone, type LiveEvent, needsReading, patchMap, patchVideo } from "./apply";
import { type Connection, followEvents } from "./source";

interface Page {
  items: Video[];
  next_cursor: string | null;
}
type Pages = InfiniteData<Page, string | undefined>;

/** Changes that come together are read together, at most this often. */
const GATHER_MS = 400;

/** Follow the account's events while the component is there; tells how the connection is. */
export function useFollowing(account: string, client: QueryClient): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(() => {
    const stop = new AbortController();
    const reader = new Reader(client);
    const listener = {
      event: (event: LiveEvent) => applyEvent(client, reader, event),
      fresh: () => void client.invalidateQueries({ predicate: ({ queryKey }) => isLive(queryKey) }),
      connection: setConnection,
    };
    followEvents(account, listener, stop.signal);
    return () => {
      stop.abort();
      reader.stop();
    };
  }, [account, client]);
  return connection;
}

const LIVE = new Set<unknown>(["videos", "summary", "video", "map", "renditions", "timeline"]);

function isLive(key: readonly unknown[]): boolean {
  return LIVE.has(key[0]);
}

function applyEvent(client: QueryClient, reader: Reader, event: LiveEvent): void {
  const id = event.video_id;
  if (isGone(event)) {
    dropVideos(client, [id]);
    void client.invalidateQueries({ queryKey: keys.summary });
    client.removeQueries({ queryKey: keys.video(id) });
    return;
  }
  patchEverywhere(client, id, (video) => patchVideo(video, event));
  client.setQueryData<VideoMap>(keys.map(id), (map) => map && patchMap(map, event));
  if (needsReading(event)) reader.read(id);
  if (changesMap(event)) reader.reload(keys.map(id));
  if (event.type !== "video.progress") reader.reload(keys.timeline(id));
  if (event.type === "video.ready") reader.reload(keys.renditions(id));
}

/** Change a video wherever it is kept. */
export function patchEverywhere(
  client: QueryClient,
  id: string,
  change: (video: Video) => Video,
): void {
  client.setQueryData<Video>(keys.video(id), (video) => video && change(video));
  client.setQueriesData<Pages>({ queryKey: keys.lists }, (pages) => {
    if (!pages) return pages;
    let changed = false;
    const next = pages.pages.map((page) => {
      const place = page.items.findIndex((item) => item.id === id);
      const old = page.items[place];
      if (!old) return page;
      const video = change(old);
      if (video === old) return page;
      changed = true;
      return { ...page, items: page.items.with(place, video) };
    });
    return changed ? { ...pages, pages: next } : pages;
  });
}

/** Take videos out of every list. */
export function dropVideos(client: QueryClient, ids: readonly string[]): void {
  const gone = new Set(ids);
  client.setQueriesData<Pages>({ queryKey: keys.lists }, (pages) =>
    pages
      ? {
          ...pages,
          pages: pages.pages.map((page) => ({
            ...page,
            items: page.items.filter((item) => !gone.has(item.id)),
          })),
        }
      : pages,
  );
}

function isListed(client: QueryClient, key: readonly unknown[], id: string): boolean {
  const pages = client.getQueryData<Pages>(key);
  return pages?.pages.some((page) => page.items.some((item) => item.id === id)) ?? true;
}

/** Put a new video first in the lists that show the newest first; others are read again. */
function settle(client: QueryClient, video: Video): void {
  patchEverywhere(client, video.id, () => video);
  for (const query of client.getQueryCache().findAll({ queryKey: keys.lists })) {
    const listing = query.queryKey[1] as Listing | undefined;
    if (!listing || isListed(client, query.queryKey, video.id)) continue;
    if (listing.sort === "-created_at" && !listing.q && listing.states.length === 0) {
      client.setQueryData<Pages>(query.queryKey, (pages) => {
        const [first, ...rest] = pages?.pages ?? [];
        if (!pages || !first) return pages;
        return { ...pages, pages: [{ ...first, items: [video, ...first.items] }, ...rest] };
      });
    } else void client.invalidateQueries({ queryKey: query.queryKey });
  }
}

/** Reads what events say has changed: gathered, so that a burst of events is one request each. */
class Reader {
  private readonly videos = new Set<string>();
  private readonly reloads = new Map<string, readonly unknown[]>();
  private readonly client: QueryClient;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(client: QueryClient) {
    this.client = client;
  }

  read(id: string): void {
    this.videos.add(id);
    this.reload(keys.summary);
  }

  reload(key: readonly unknown[]): void {
    this.reloads.set(JSON.stringify(key), key);
    this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private flush(): void {
    this.timer = null;
    const videos = [...this.videos];
    const reloads = [...this.reloads.values()];
    this.videos.clear();
    this.reloads.clear();
    for (const queryKey of reloads) void this.client.invalidateQueries({ queryKey });
    for (const id of videos) void this.readVideo(id);
  }

  private async readVideo(id: string): Promise<void> {
    try {
      settle(
        this.client,
        await take(api.GET("/api/videos/{video_id}", { params: { path: { video_id: id } } })),
      );
    } catch {
      // Gone meanwhile, or unreachable: the next event, or the next stream's start, mends it.
    }
  }
}
