import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { Video } from "@/api/client";
import { useNow } from "@/lib/hooks";
import { useUploading } from "@/upload/context";
import type { Upload } from "@/upload/manager";
import { Card } from "./card";
import { columnsFor, GAP_X } from "./columns";
import type { Selection } from "./selection";

const GAP_Y = 28;
const CAPTION = 58;
const OVERSCAN = 3;

/** Only the rows near the window exist, so that ten thousand videos cost as much as fifty. */
export function Grid({
  items,
  selection,
  hasMore,
  loading,
  onMore,
}: {
  items: readonly Video[];
  selection: Selection;
  hasMore: boolean;
  loading: boolean;
  onMore: () => void;
}) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ width: 0, top: 0 });
  const now = useNow();
  const uploads = useFractions();

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () =>
      setPlace({
        width: element.clientWidth,
        top: element.getBoundingClientRect().top + window.scrollY,
      });
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  const columns = columnsFor(place.width);
  const frame = (place.width - GAP_X * (columns - 1)) / columns;
  const height = Math.round((frame * 9) / 16) + CAPTION + GAP_Y;
  const rows = Math.ceil(items.length / columns);
  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: place.top,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows have this height from now on
  useEffect(() => virtual.measure(), [height]);

  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loading && last >= rows - 1 - OVERSCAN) onMore();
  }, [hasMore, loading, last, rows, onMore]);

  return (
    <section aria-label={t("library.videos")} ref={box} aria-busy={loading}>
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {place.width > 0 &&
          shown.map((row) => (
            <div
              key={row.key}
              className="absolute inset-x-0 top-0 grid"
              style={{
                transform: `translateY(${row.start - place.top}px)`,
                gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
                columnGap: GAP_X,
              }}
            >
              {items.slice(row.index * columns, (row.index + 1) * columns).map((video) => (
                <Card
                  key={video.id}
                  video={video}
                  now={now}
                  selected={selection.ids.has(video.id)}
                  selecting={selection.ids.size > 0}
                  onSelect={selection.toggle}
                  uploaded={uploads.get(video.id)}
                />
              ))}
            </div>
          ))}
      </div>
    </section>
  );
}

const NONE: readonly Upload[] = [];
const never = () => () => undefined;
const none = () => NONE;

/** How far this tab's own uploads have come, by video. */
function useFractions(): ReadonlyMap<string, number> {
  const { uploads } = useUploading();
  const list = useSyncExternalStore(uploads?.subscribe ?? never, uploads?.list ?? none);
  return new Map(
    list.flatMap(({ videoId, done, size }) =>
      videoId && size > 0 ? [[videoId, done / size]] : [],
    ),
  );
}

const SKELETONS = [1, 2, 3, 4, 5, 6, 7, 8];

export function GridSkeleton() {
  const { t } = useTranslation();
  return (
    <div
      role="status"
      className="grid grid-cols-[repeat(auto-fill,minmax(250px,1fr))] gap-x-5 gap-y-7"
    >
      <span className="sr-only">{t("common.loading")}</span>
      {SKELETONS.map((one) => (
        <div key={one}>
          <div className="aspect-video animate-pulse rounded-md bg-sunk" />
          <div className="mt-3 h-4 w-2/3 animate-pulse rounded bg-sunk" />
        </div>
      ))}
    </div>
  );
}
