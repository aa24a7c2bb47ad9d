import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowDownUp, Download, Search, Trash2, Upload, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Video } from "@/api/client";
import { SORTS, summaryQuery, videosQuery } from "@/api/queries";
import { number } from "@/lib/format";
import { useLanguage, useSettled, useTitle } from "@/lib/hooks";
import { Button, IconButton } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { Empty, Failed } from "@/ui/states";
import { useUploading } from "@/upload/context";
import { download } from "./download";
import { Grid, GridSkeleton } from "./grid";
import { type Selection, useSelection } from "./selection";
import { useHidden } from "./trash";
import { useDelete } from "./use-delete";
import { countViews, type LibrarySearch, listingOf, VIEWS, type View } from "./views";

/** All of one's videos. */
export function LibraryPage() {
  const { t } = useTranslation();
  useTitle(t("library.title"));
  const search = useSearch({ from: "/app/" });
  const hidden = useHidden();
  const videos = useInfiniteQuery(videosQuery(listingOf(search)));
  const items = useMemo(
    () =>
      (videos.data?.pages ?? []).flatMap((page) => page.items).filter(({ id }) => !hidden.has(id)),
    [videos.data, hidden],
  );
  const order = useMemo(() => items.map(({ id }) => id), [items]);
  const selection = useSelection(order);

  return (
    <>
      <h1 className="sr-only">{t("library.title")}</h1>
      <Tools search={search} />
      {selection.ids.size > 0 && <SelectionBar selection={selection} items={items} />}
      {videos.isPending ? (
        <GridSkeleton />
      ) : videos.isError && items.length === 0 ? (
        <Failed error={videos.error} onRetry={() => void videos.refetch()} />
      ) : items.length === 0 ? (
        <Nothing search={search} />
      ) : (
        <Grid
          items={items}
          selection={selection}
          hasMore={videos.hasNextPage}
          loading={videos.isFetchingNextPage}
          onMore={() => void videos.fetchNextPage()}
        />
      )}
    </>
  );
}

function useChange(): (change: LibrarySearch) => void {
  const navigate = useNavigate({ from: "/" });
  return (change) => {
    void navigate({ to: "/", search: (old) => ({ ...old, ...change }), replace: true });
  };
}

const SETTLE_MS = 250;

function Tools({ search }: { search: LibrarySearch }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const change = useChange();
  const [typed, setTyped] = useState(search.q ?? "");
  const settled = useSettled(typed, SETTLE_MS);
  const { data } = useQuery(summaryQuery(search.q ?? ""));
  const counts = data ? countViews(data.states) : null;
  const current = search.view ?? "all";

  const asked = useRef(search.q ?? "");

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed changes the address
  useEffect(() => {
    if (settled === asked.current) return;
    asked.current = settled;
    change({ q: settled });
  }, [settled]);

  useEffect(() => {
    // The address was changed by something else than typing.
    const q = search.q ?? "";
    if (q === asked.current) return;
    asked.current = q;
    setTyped(q);
  }, [search.q]);

  return (
    <div className="flex flex-col gap-4 pt-6 pb-6 md:flex-row md:items-end md:justify-between">
      <fieldset className="-mx-1 flex min-w-0 gap-x-4 overflow-x-auto px-1 py-1 sm:gap-x-7">
        <legend className="sr-only">{t("library.filter")}</legend>
        {(Object.keys(VIEWS) as View[]).map((view) => (
          <button
            key={view}
            type="button"
            aria-pressed={view === current}
            onClick={() => change({ view })}
            className={`flex shrink-0 items-baseline gap-1.5 whitespace-nowrap transition-colors ${view === current ? "text-ink" : "text-ink-2 hover:text-ink"}`}
          >
            <span
              className={`title text-lg sm:text-2xl ${view === current ? "underline decoration-lamp decoration-[3px] underline-offset-8" : ""}`}
            >
              {t(`library.views.${view}`)}
            </span>
            {counts && <span className="edge">{number(counts[view], language)}</span>}
          </button>
        ))}
      </fieldset>
      <div className="flex gap-2">
        <div className="relative flex-1 md:w-72">
          <Search className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-ink-2" />
          <input
            type="search"
            aria-label={t("library.search")}
            placeholder={t("library.search")}
            value={typed}
            maxLength={200}
            onChange={({ target }) => setTyped(target.value)}
            className="field pl-9"
          />
        </div>
        <Menu
          label={`${t("library.sort")}: ${t(`library.sorts.${search.sort ?? "-created_at"}`)}`}
          className="inline-flex h-10 items-center gap-2 rounded-frame border border-line-strong/60 bg-raised px-3 text-sm font-semibold hover:border-line-strong"
          button={
            <>
              <ArrowDownUp className="size-4" aria-hidden="true" />
              <span className="hidden sm:inline">
                {t(`library.sorts.${search.sort ?? "-created_at"}`)}
              </span>
            </>
          }
          items={SORTS.map((sort) => ({
            label: t(`library.sorts.${sort}`),
            checked: sort === (search.sort ?? "-created_at"),
            onSelect: () => change({ sort }),
          }))}
        />
      </div>
    </div>
  );
}

function SelectionBar({ selection, items }: { selection: Selection; items: readonly Video[] }) {
  const { t } = useTranslation();
  const remove = useDelete();
  const chosen = items.filter(({ id }) => selection.ids.has(id));
  const ready = chosen.filter(({ output_bytes }) => output_bytes !== null);
  return (
    <div
      role="toolbar"
      aria-label={t("library.selection")}
      className="sticky top-17 z-10 mb-4 flex animate-rise flex-wrap items-center gap-2 rounded-lg bg-film py-2 pr-2 pl-4 text-[#f4eee3] shadow-lift"
    >
      <span className="mr-auto font-semibold" aria-live="polite">
        {t("library.selected", { count: chosen.length })}
      </span>
      <button
        type="button"
        className="rounded-frame px-3 py-1.5 text-sm hover:bg-white/10"
        onClick={selection.all}
      >
        {t("library.selectAll")}
      </button>
      <Button
        size="small"
        disabled={ready.length === 0}
        onClick={() => void download(ready.map(({ id }) => id))}
      >
        <Download className="size-4" /> {t("library.download", { count: ready.length })}
      </Button>
      <Button
        size="small"
        onClick={() => {
          remove(chosen.map(({ id }) => id));
          selection.clear();
        }}
      >
        <Trash2 className="size-4" /> {t("common.delete")}
      </Button>
      <IconButton
        label={t("library.clearSelection")}
        className="text-film-ink"
        onClick={selection.clear}
      >
        <X className="size-5" />
      </IconButton>
    </div>
  );
}

function Nothing({ search }: { search: LibrarySearch }) {
  const { t } = useTranslation();
  const { choose } = useUploading();
  const change = useChange();
  if (search.q) {
    return (
      <Empty
        title={t("library.noMatch", { q: search.q })}
        action={<Button onClick={() => change({ q: "" })}>{t("library.clearSearch")}</Button>}
      >
        {t("library.noMatchMore")}
      </Empty>
    );
  }
  if (search.view) {
    return (
      <Empty
        title={t(`library.none.${search.view}`)}
        action={<Button onClick={() => change({ view: "all" })}>{t("library.showAll")}</Button>}
      />
    );
  }
  return (
    <Empty
      title={t("library.empty")}
      action={
        <Button look="lamp" onClick={choose}>
          <Upload className="size-4" /> {t("library.choose")}
        </Button>
      }
    >
      {t("library.emptyMore")}
    </Empty>
  );
}
