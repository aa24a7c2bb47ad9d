/** What is asked of the API and kept in the cache, each under its key. */

import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { api, take, type VideoState } from "./client";
import { atAddress, isPassing } from "./problem";

export const SORTS = [
  "-created_at",
  "created_at",
  "name",
  "-name",
  "-size_bytes",
  "size_bytes",
  "-duration_s",
  "duration_s",
] as const;
export type Sort = (typeof SORTS)[number];

/** What the library shows. */
export interface Listing {
  readonly q: string;
  readonly states: readonly VideoState[];
  readonly sort: Sort;
}

const PAGE = 100;
const RETRIES = 3;

export const keys = {
  me: ["me"] as const,
  lists: ["videos"] as const,
  list: (listing: Listing) => ["videos", listing] as const,
  summary: ["summary"] as const,
  video: (id: string) => ["video", id] as const,
  map: (id: string) => ["map", id] as const,
  renditions: (id: string) => ["renditions", id] as const,
  timeline: (id: string) => ["timeline", id] as const,
  shares: (id: string) => ["shares", id] as const,
};

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Live events keep what is shown true; asking again on every look would only cost.
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < RETRIES && isPassing(error),
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 8_000),
      },
    },
  });
}

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal }) => take(api.GET("/api/me", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const videosQuery = (listing: Listing) =>
  infiniteQueryOptions({
    queryKey: keys.list(listing),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/videos", {
          params: {
            query: {
              limit: PAGE,
              sort: listing.sort,
              ...(pageParam ? { cursor: pageParam } : {}),
              ...(listing.q ? { q: listing.q } : {}),
              ...(listing.states.length > 0 ? { state: [...listing.states] } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const summaryQuery = (q: string) =>
  queryOptions({
    queryKey: [...keys.summary, q],
    queryFn: ({ signal }) =>
      take(api.GET("/api/videos/summary", { params: { query: q ? { q } : {} }, signal })),
  });

export const videoQuery = (id: string) =>
  queryOptions({
    queryKey: keys.video(id),
    queryFn: ({ signal }) =>
      atAddress(
        take(api.GET("/api/videos/{video_id}", { params: { path: { video_id: id } }, signal })),
      ),
  });

export const mapQuery = (id: string) =>
  queryOptions({
    queryKey: keys.map(id),
    queryFn: ({ signal }) =>
      take(api.GET("/api/videos/{video_id}/map", { params: { path: { video_id: id } }, signal })),
  });

export const renditionsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.renditions(id),
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/videos/{video_id}/renditions", {
          params: { path: { video_id: id } },
          signal,
        }),
      ),
  });

const TIMELINE = 500;

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: keys.timeline(id),
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/videos/{video_id}/events", {
          params: { path: { video_id: id }, query: { limit: TIMELINE } },
          signal,
        }),
      ),
  });

export const sharesQuery = (id: string) =>
  queryOptions({
    queryKey: keys.shares(id),
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/videos/{video_id}/shares", { params: { path: { video_id: id } }, signal }),
      ),
  });

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => take(api.GET("/api/me/sessions", { signal })),
  staleTime: 0,
});

export const usageQuery = queryOptions({
  queryKey: ["usage"],
  queryFn: ({ signal }) => take(api.GET("/api/me/usage", { signal })),
  staleTime: 0,
});

/** An operator looks at everybody's work, of which no event tells: asked again every few seconds. */
const OPERATOR_MS = 3_000;

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => take(api.GET("/api/admin/overview", { signal })),
  refetchInterval: OPERATOR_MS,
});

export const historyQuery = (hours: number) =>
  queryOptions({
    queryKey: ["history", hours],
    queryFn: ({ signal }) =>
      take(api.GET("/api/admin/history", { params: { query: { hours } }, signal })),
    refetchInterval: 10 * OPERATOR_MS,
  });

export const deadLettersQuery = queryOptions({
  queryKey: ["dead-letters"],
  queryFn: ({ signal }) =>
    take(api.GET("/api/admin/dead-letters", { params: { query: { limit: 50 } }, signal })),
  refetchInterval: 10 * OPERATOR_MS,
});

export const usersQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["users", q],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/admin/users", {
          params: { query: { ...(q ? { q } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
