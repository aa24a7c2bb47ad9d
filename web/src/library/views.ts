/** What the library's address says: which videos, in which order. Pure. */

import type { VideoState } from "@/api/client";
import { type Listing, SORTS, type Sort } from "@/api/queries";

/** Tabs of the library and the states behind each. */
export const VIEWS = {
  all: [],
  working: ["uploading", "queued", "processing"],
  ready: ["ready"],
  failed: ["failed", "canceled"],
} as const satisfies Record<string, readonly VideoState[]>;

export type View = keyof typeof VIEWS;

export interface LibrarySearch {
  q?: string;
  view?: View;
  sort?: Sort;
}

const LONGEST = 200;

function isView(value: unknown): value is View {
  return typeof value === "string" && Object.hasOwn(VIEWS, value);
}

/** Only what is understood and not the default, so that addresses stay short. */
export function readSearch(raw: Record<string, unknown>): LibrarySearch {
  const sort = SORTS.find((one) => one === raw.sort);
  // An address's "2024" comes as a number.
  const q = raw.q === undefined ? "" : String(raw.q).slice(0, LONGEST);
  return {
    ...(q ? { q } : {}),
    ...(isView(raw.view) && raw.view !== "all" ? { view: raw.view } : {}),
    ...(sort && sort !== "-created_at" ? { sort } : {}),
  };
}

export function listingOf(search: LibrarySearch): Listing {
  return {
    q: search.q ?? "",
    states: VIEWS[search.view ?? "all"],
    sort: search.sort ?? "-created_at",
  };
}

/** How many videos each tab has. */
export function countViews(states: Readonly<Record<string, number>>): Record<View, number> {
  const sum = (of: readonly string[]) =>
    of.reduce((total, state) => total + (states[state] ?? 0), 0);
  return {
    all: sum(Object.values(VIEWS).flat()),
    working: sum(VIEWS.working),
    ready: sum(VIEWS.ready),
    failed: sum(VIEWS.failed),
  };
}
