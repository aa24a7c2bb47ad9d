/** Values that tests begin from. */

import type { MapTask, Video, VideoMap } from "@/api/client";
import type { LiveEvent } from "@/live/apply";

export function video(change: Partial<Video> = {}): Video {
  return {
    id: "v1",
    name: "clip.mp4",
    state: "processing",
    size_bytes: 1_000,
    content_type: "video/mp4",
    profile: "h264",
    progress: 0.4,
    failure: null,
    warnings: [],
    duration_s: 10,
    width: 1920,
    height: 1080,
    frame_rate: 30,
    video_codec: "h264",
    audio_codec: "aac",
    output_bytes: null,
    has_poster: false,
    has_storyboard: false,
    playable: false,
    created_at: "2026-03-01T12:00:00Z",
    uploaded_at: null,
    started_at: null,
    playable_at: null,
    finished_at: null,
    ...change,
  };
}

export function task(change: Partial<MapTask> = {}): MapTask {
  return {
    kind: "encode",
    index: 0,
    state: "pending",
    attempt: 0,
    failures: 0,
    progress: 0,
    worker: null,
    started_at: null,
    finished_at: null,
    result: {},
    chunk: change.index ?? 0,
    speed: null,
    ...change,
  };
}

export function map(chunks: number, tasks: MapTask[], change: Partial<VideoMap> = {}): VideoMap {
  return {
    job_id: "j1",
    chunks: Array.from({ length: chunks }, (_, index) => ({
      index,
      start_s: index * 10,
      duration_s: 10,
    })),
    renditions: [{ name: "h264-720", codec: "h264", width: 1280, height: 720, copied: false }],
    tasks,
    cells: [],
    ...change,
  };
}

export function event(type: string, data: Record<string, unknown> = {}): LiveEvent {
  return { id: 7, type, video_id: "v1", at: "2026-03-01T12:00:05Z", data };
}
