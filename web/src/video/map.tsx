import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type PointerEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Video, VideoMap } from "@/api/client";
import { mapQuery } from "@/api/queries";
import { bytes, clock, number, percent, pictureName } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { layOut, type MapCell, type MapRow, shortName, workersOf } from "./layout";

/** Lamps of the workers: shades that are told apart on film's black, also without seeing red. */
const LAMPS = [
  "#f5a524",
  "#f7d08a",
  "#e2711d",
  "#c9b458",
  "#ffe8c7",
  "#b8782e",
  "#f2c14e",
  "#d99a6c",
];

interface Place {
  readonly row: number;
  readonly column: number;
}

/** Each chunk of each rendition a frame that lights up as a worker makes it. */
export function ChunkMap({ video }: { video: Video }) {
  const { t } = useTranslation();
  const { data: map } = useQuery(mapQuery(video.id));
  const rows = useMemo(() => (map ? layOut(map) : []), [map]);
  const workers = useMemo(() => (map ? workersOf(map) : []), [map]);
  const [place, setPlace] = useState<Place | null>(null);
  if (!map || rows.length === 0) {
    const waits = video.state === "queued" || video.state === "processing";
    return <p className="text-ink-2">{t(waits ? "map.notYet" : "map.none")}</p>;
  }
  const cell = place && rows[place.row]?.cells[place.column];
  return (
    <div className="overflow-hidden rounded-lg bg-film text-[#f4eee3]">
      <Steps map={map} />
      <Rows rows={rows} workers={workers} place={place} onPlace={setPlace} />
      <div className="flex min-h-16 flex-wrap items-center gap-x-6 gap-y-1 border-t border-white/10 px-4 py-2.5">
        {place && cell ? (
          <Detail row={rows[place.row] as MapRow} cell={cell} map={map} />
        ) : (
          <Legend workers={workers} />
        )}
      </div>
    </div>
  );
}

function lampOf(worker: string | null | undefined, workers: readonly string[]): string {
  const index = worker ? workers.indexOf(worker) : -1;
  return LAMPS[Math.max(index, 0) % LAMPS.length] as string;
}

function Rows({
  rows,
  workers,
  place,
  onPlace,
}: {
  rows: readonly MapRow[];
  workers: readonly string[];
  place: Place | null;
  onPlace: (place: Place | null) => void;
}) {
  const { t } = useTranslation();
  const point = (event: PointerEvent) => {
    const target = (event.target as HTMLElement).closest<HTMLElement>("[data-column]");
    if (target) onPlace({ row: Number(target.dataset.row), column: Number(target.dataset.column) });
  };
  const move = (event: KeyboardEvent) => {
    const [down, right] =
      { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ??
      [];
    if (down === undefined || right === undefined) {
      if (event.key === "Escape") onPlace(null);
      return;
    }
    event.preventDefault();
    const row = Math.min(Math.max((place?.row ?? 0) + down, 0), rows.length - 1);
    const width = rows[row]?.cells.length ?? 1;
    onPlace({ row, column: Math.min(Math.max((place?.column ?? 0) + right, 0), width - 1) });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture of the work, described row by row
    <div
      role="group"
      aria-label={t("map.label")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move from cell to cell
      tabIndex={0}
      className="space-y-1.5 px-4 py-4 outline-offset-[-3px]"
      onPointerOver={point}
      onPointerDown={point}
      onPointerLeave={() => onPlace(null)}
      onKeyDown={move}
      onBlur={() => onPlace(null)}
    >
      {rows.map((row, index) => (
        <Row
          key={row.name}
          row={row}
          index={index}
          workers={workers}
          chosen={place?.row === index ? place.column : null}
        />
      ))}
    </div>
  );
}

function useRowName(): (row: MapRow) => string {
  const { t } = useTranslation();
  return (row) =>
    row.width !== null && row.height !== null
      ? `${pictureName(row.width, row.height)}${row.codec === "av1" ? " AV1" : ""}`
      : t("map.sound");
}

function Row({
  row,
  index,
  workers,
  chosen,
}: {
  row: MapRow;
  index: number;
  workers: readonly string[];
  chosen: number | null;
}) {
  const { t } = useTranslation();
  const name = useRowName()(row);
  const done = row.cells.filter(({ state }) => state === "done").length;
  const running = row.cells.filter(({ state }) => state === "running").length;
  return (
    <div
      role="img"
      aria-label={t("map.row", { name, done, total: row.cells.length, running })}
      className="grid grid-cols-[4.6rem_1fr] items-center"
    >
      <span className="edge text-film-ink" aria-hidden="true">
        {name}
      </span>
      <span
        className="grid h-7"
        style={{
          gridTemplateColumns: `repeat(${row.cells.length}, minmax(0, 1fr))`,
          columnGap: row.cells.length > 80 ? 1 : 3,
        }}
      >
        {row.cells.map((cell, column) => (
          <Cell
            key={cell.first}
            cell={cell}
            lamp={lampOf(cell.task?.worker, workers)}
            row={index}
            column={column}
            chosen={chosen === column}
          />
        ))}
      </span>
    </div>
  );
}

function Cell({
  cell,
  lamp,
  row,
  column,
  chosen,
}: {
  cell: MapCell;
  lamp: string;
  row: number;
  column: number;
  chosen: boolean;
}) {
  const { state, progress } = cell;
  return (
    <span
      data-row={row}
      data-column={column}
      data-state={state}
      className={`relative overflow-hidden rounded-[2px] bg-[#2a231c] ${chosen ? "outline-2 outline-white" : ""}`}
      style={state === "running" ? { boxShadow: `inset 0 0 0 1px ${lamp}` } : {}}
    >
      <span
        className={`absolute inset-0 origin-left transition-transform duration-300 ${state === "running" ? "animate-lamp" : ""}`}
        style={{
          backgroundColor: state === "failed" ? "#ff7a66" : lamp,
          transform: `scaleX(${state === "failed" ? 1 : progress})`,
        }}
      />
    </span>
  );
}

/** The steps that are no chunk: the look at the file, and the end. */
function Steps({ map }: { map: VideoMap }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const chunks = map.tasks.filter(({ kind }) => kind === "encode");
  const done = chunks.filter(({ state }) => state === "done").length;
  const steps = (["prepare", "finish"] as const).map((kind) => ({
    kind,
    task: map.tasks.find((task) => task.kind === kind),
  }));
  return (
    <ul className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b border-white/10 px-4 py-2.5">
      {steps.map(({ kind, task }) => (
        <li key={kind} className="edge flex items-center gap-2 text-film-ink">
          <span
            className={`size-2 rounded-full ${task?.state === "done" ? "bg-lamp" : task?.state === "running" ? "animate-lamp bg-lamp" : "bg-[#4a4037]"}`}
          />
          {t(`task.${kind}`)}
          <span className="sr-only">{t(`taskState.${task?.state ?? "pending"}`)}</span>
        </li>
      ))}
      {chunks.length > 0 && (
        <li className="edge ml-auto text-film-ink">
          {t("map.chunks", {
            done: number(done, language),
            total: number(chunks.length, language),
          })}
        </li>
      )}
    </ul>
  );
}

function Legend({ workers }: { workers: readonly string[] }) {
  const { t } = useTranslation();
  if (workers.length === 0) return <p className="text-sm text-film-ink">{t("map.hint")}</p>;
  return (
    <>
      <ul className="flex flex-wrap gap-x-5 gap-y-1">
        {workers.map((worker) => (
          <li key={worker} className="edge flex items-center gap-2 text-film-ink" title={worker}>
            <span
              className="size-2.5 rounded-[2px]"
              style={{ backgroundColor: lampOf(worker, workers) }}
            />
            {shortName(worker)}
          </li>
        ))}
      </ul>
      <p className="ml-auto hidden text-xs text-film-ink md:block">{t("map.hint")}</p>
    </>
  );
}

function Detail({ row, cell, map }: { row: MapRow; cell: MapCell; map: VideoMap }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const name = useRowName()(row);
  const from = map.chunks[cell.first];
  const to = map.chunks[cell.last];
  const { task } = cell;
  const facts = [
    from && to && `${clock(from.start_s)}–${clock(to.start_s + to.duration_s)}`,
    task?.worker,
    task && task.attempt > 0 && t("map.attempt", { count: task.attempt }),
    task?.speed != null && t("map.speed", { speed: number(task.speed, language, 1) }),
    cell.size !== null && bytes(cell.size, language),
  ];
  return (
    <p aria-live="polite" className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5">
      <strong className="font-semibold">
        {name} · {row.copied ? t("map.copied") : t(`taskState.${task?.state ?? "pending"}`)}
        {cell.state === "running" && ` ${percent(cell.progress, language)}`}
      </strong>
      {facts.map(
        (fact) =>
          fact && (
            <span key={fact} className="edge text-film-ink">
              {fact}
            </span>
          ),
      )}
    </p>
  );
}
