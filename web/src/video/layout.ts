/** The chunk map as rows of cells: what is made of each rendition, and by whom. Pure. */

import type { MapTask, VideoMap } from "@/api/client";

export type CellState = "idle" | "running" | "done" | "failed";

export interface MapCell {
  /** Chunks `first` to `last` of the video stand in this cell. */
  readonly first: number;
  readonly last: number;
  readonly state: CellState;
  /** Fraction that is made. */
  readonly progress: number;
  readonly task: MapTask | null;
  /** Bytes, as far as they are known. */
  readonly size: number | null;
}

export interface MapRow {
  readonly name: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly codec: string;
  readonly copied: boolean;
  readonly cells: readonly MapCell[];
}

/** Most cells in a row: of longer videos each cell stands for several chunks. */
export const MOST_COLUMNS = 240;

export function columnsOf(chunks: number): [first: number, last: number][] {
  const count = Math.min(chunks, MOST_COLUMNS);
  return Array.from({ length: count }, (_, place) => [
    Math.floor((place * chunks) / count),
    Math.floor(((place + 1) * chunks) / count) - 1,
  ]);
}

export function layOut(map: VideoMap): MapRow[] {
  const columns = columnsOf(map.chunks.length);
  const encode = new Map<number, MapTask>();
  for (const task of map.tasks) {
    if (task.kind === "encode") encode.set(task.chunk ?? task.index, task);
  }
  const sound = map.tasks.find(({ kind }) => kind === "audio") ?? null;
  const sizes = new Map(
    map.cells.map((cell) => [`${cell.rendition}/${cell.chunk}`, cell.size_bytes]),
  );

  const rows: MapRow[] = map.renditions.map((rendition) => ({
    name: rendition.name,
    width: rendition.width,
    height: rendition.height,
    codec: rendition.codec,
    copied: rendition.copied,
    // A copy is cut at the same places, and kept by the task of its chunk.
    cells: columns.map(([first, last]) =>
      gather(first, last, encode, (chunk) => sizes.get(`${rendition.name}/${chunk}`) ?? null),
    ),
  }));
  if (sound && columns.length > 0) {
    const cells = [wholeCell(0, map.chunks.length - 1, sound)];
    rows.push({ name: "audio", width: null, height: null, codec: "", copied: false, cells });
  }
  return rows;
}

/** A cell of something that one task makes as a whole. */
function wholeCell(first: number, last: number, task: MapTask | null): MapCell {
  return { first, last, task, size: null, state: stateOf(task), progress: progressOf(task) };
}

function stateOf(task: MapTask | null | undefined): CellState {
  if (task?.state === "done" || task?.state === "running" || task?.state === "failed") {
    return task.state;
  }
  return "idle";
}

function progressOf(task: MapTask | null | undefined): number {
  return task?.state === "done" ? 1 : (task?.progress ?? 0);
}

function gather(
  first: number,
  last: number,
  tasks: ReadonlyMap<number, MapTask>,
  sizeOf: (chunk: number) => number | null,
): MapCell {
  let progress = 0;
  let size: number | null = null;
  let shown: MapTask | null = null;
  const states = new Set<CellState>();
  for (let chunk = first; chunk <= last; chunk += 1) {
    const task = tasks.get(chunk);
    const bytes = sizeOf(chunk);
    if (bytes !== null) size = (size ?? 0) + bytes;
    const made = bytes !== null && task?.state !== "running";
    progress += made ? 1 : progressOf(task);
    states.add(made ? "done" : stateOf(task));
    if (!shown || task?.state === "running") shown = task ?? shown;
  }
  return {
    first,
    last,
    task: shown,
    size,
    progress: progress / (last - first + 1),
    state: blend(states),
  };
}

/** What stands for several: the liveliest, and done only when all are. */
function blend(states: ReadonlySet<CellState>): CellState {
  for (const state of ["failed", "running", "idle"] as const) if (states.has(state)) return state;
  return "done";
}

/** The workers that appear in a map, in the order of their names. */
export function workersOf(map: VideoMap): string[] {
  const names = new Set(map.tasks.flatMap(({ worker }) => (worker ? [worker] : [])));
  return [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** The end of a worker's name that tells it from the others: hosts and pids are long. */
export function shortName(worker: string): string {
  return worker.length <= 18 ? worker : `…${worker.slice(-16)}`;
}
