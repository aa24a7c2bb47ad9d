/** What an event changes in what is shown. Pure: the shell around it is `live.ts`. */

import type { MapTask, Video, VideoMap, VideoState } from "@/api/client";

export interface LiveEvent {
  /** Position in the account's log; progress has none. */
  readonly id: number | null;
  readonly type: string;
  readonly video_id: string;
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface TaskNote {
  kind: string;
  index: number;
  attempt: number;
  progress?: number;
}

/** States that an event's type says outright. */
const STATES: Readonly<Record<string, VideoState>> = {
  "video.queued": "queued",
  "video.processing": "processing",
  "video.ready": "ready",
  "video.failed": "failed",
  "video.canceled": "canceled",
};

export function isGone(event: LiveEvent): boolean {
  return event.type === "video.deleting" || event.type === "video.deleted";
}

/** Whether the video must be read again: the event says that more changed than it tells. */
export function needsReading(event: LiveEvent): boolean {
  return event.type.startsWith("video.") && event.type !== "video.progress" && !isGone(event);
}

/** The video as far as the event alone tells. Progress never runs backwards within a state. */
export function patchVideo(video: Video, event: LiveEvent): Video {
  if (event.type === "video.progress") {
    const progress = Number(event.data.progress);
    if (!Number.isFinite(progress) || (video.state !== "processing" && video.state !== "queued")) {
      return video;
    }
    return { ...video, state: "processing", progress: Math.max(video.progress, progress) };
  }
  if (event.type === "video.renamed" && typeof event.data.name === "string") {
    return { ...video, name: event.data.name };
  }
  const state = STATES[event.type];
  if (!state || state === video.state) return video;
  return { ...video, state, ...(state === "queued" ? { progress: 0 } : {}) };
}

function noteOf(event: LiveEvent): TaskNote | null {
  const source = event.type === "video.progress" ? event.data.task : event.data;
  if (typeof source !== "object" || source === null) return null;
  const { kind, index, attempt, progress } = source as Record<string, unknown>;
  if (typeof kind !== "string" || typeof index !== "number" || typeof attempt !== "number") {
    return null;
  }
  return { kind, index, attempt, ...(typeof progress === "number" ? { progress } : {}) };
}

function patchTask(task: MapTask, event: LiveEvent, note: TaskNote): MapTask {
  if (note.attempt < task.attempt) return task;
  const base = { ...task, attempt: note.attempt };
  switch (event.type) {
    case "video.progress":
      // What is done stays done, though its last beat arrives late.
      if (task.state === "done" && note.attempt === task.attempt) return task;
      return { ...base, state: "running", progress: note.progress ?? task.progress };
    case "task.running": {
      const worker = typeof event.data.worker === "string" ? event.data.worker : task.worker;
      return { ...base, state: "running", progress: 0, worker, started_at: event.at };
    }
    case "task.done":
      return { ...base, state: "done", progress: 1, finished_at: event.at };
    case "task.lost":
    case "task.retrying":
      return { ...base, state: "pending", progress: 0, worker: null, failures: task.failures + 1 };
    case "task.given_back":
      return { ...base, state: "pending", progress: 0, worker: null };
    default:
      return task;
  }
}

/** The map with what the event says of one task; the same object when it says nothing of any. */
export function patchMap(map: VideoMap, event: LiveEvent): VideoMap {
  const note = noteOf(event);
  if (!note) return map;
  let changed = false;
  const tasks = map.tasks.map((task) => {
    if (task.kind !== note.kind || task.index !== note.index) return task;
    const next = patchTask(task, event, note);
    changed ||= next !== task;
    return next;
  });
  return changed ? { ...map, tasks } : map;
}

/** Whether the map has to be read again: new tasks, or new cells with sizes. */
export function changesMap(event: LiveEvent): boolean {
  return (
    event.type === "task.done" ||
    event.type === "task.published" ||
    event.type === "job.restarted" ||
    Object.hasOwn(STATES, event.type)
  );
}
