import { describe, expect, it } from "vitest";
import { changesMap, isGone, needsReading, patchMap, patchVideo } from "@/live/apply";
import { event, map, task, video } from "./make";

const progress = (value: number, of: Partial<ReturnType<typeof task>> = {}) =>
  event("video.progress", {
    progress: value,
    task: { kind: "encode", index: 0, attempt: 1, progress: 0.5, ...of },
  });

describe("a video hears events", () => {
  it("moves forward with progress", () => {
    expect(patchVideo(video({ progress: 0.4 }), progress(0.6)).progress).toBe(0.6);
  });

  it("never moves back within a run, because beats of two workers may cross", () => {
    expect(patchVideo(video({ progress: 0.4 }), progress(0.3)).progress).toBe(0.4);
  });

  it("stays as it is when a late beat arrives after the end", () => {
    const ready = video({ state: "ready", progress: 1 });
    expect(patchVideo(ready, progress(0.9))).toBe(ready);
  });

  it("begins anew when it is queued again", () => {
    const next = patchVideo(video({ state: "ready", progress: 1 }), event("video.queued"));
    expect(next).toMatchObject({ state: "queued", progress: 0 });
  });

  it("takes its new name", () => {
    expect(patchVideo(video(), event("video.renamed", { name: "b.mp4" })).name).toBe("b.mp4");
  });

  it("is read again for what an event does not tell, and not for progress", () => {
    expect(needsReading(event("video.ready"))).toBe(true);
    expect(needsReading(progress(0.5))).toBe(false);
    expect(needsReading(event("video.deleted"))).toBe(false);
    expect(isGone(event("video.deleting"))).toBe(true);
  });
});

describe("a chunk map hears events", () => {
  const running = event("task.running", { kind: "encode", index: 0, attempt: 1, worker: "w1" });

  it("shows who took a chunk", () => {
    expect(patchMap(map(1, [task()]), running).tasks[0]).toMatchObject({
      state: "running",
      worker: "w1",
      attempt: 1,
    });
  });

  it("keeps what is done when a late beat of the same attempt arrives", () => {
    const before = map(1, [task({ state: "done", attempt: 1, progress: 1 })]);
    expect(patchMap(before, progress(0.9))).toBe(before);
  });

  it("leaves out what an attempt says that was overtaken", () => {
    const before = map(1, [task({ state: "running", attempt: 2, worker: "w2" })]);
    expect(patchMap(before, running)).toBe(before);
  });

  it("puts a lost chunk back", () => {
    const before = map(1, [task({ state: "running", attempt: 1, worker: "w1", progress: 0.8 })]);
    const after = patchMap(before, event("task.lost", { kind: "encode", index: 0, attempt: 1 }));
    expect(after.tasks[0]).toMatchObject({
      state: "pending",
      worker: null,
      progress: 0,
      failures: 1,
    });
  });

  it("is the same object when an event is of no task", () => {
    const before = map(1, [task()]);
    expect(patchMap(before, event("video.ready"))).toBe(before);
    expect(changesMap(event("video.ready"))).toBe(true);
    expect(changesMap(running)).toBe(false);
  });
});
