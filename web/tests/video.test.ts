import { describe, expect, it } from "vitest";
import { parseStoryboard, tileAt } from "@/lib/vtt";
import { embedCode } from "@/share/embed";
import { qualities, renditionsIn } from "@/video/hls";
import { columnsOf, layOut, MOST_COLUMNS, shortName, workersOf } from "@/video/layout";
import { tellStory } from "@/video/story";
import { map, task } from "./make";

describe("the chunk map", () => {
  it("has a row for each rendition and a cell for each chunk", () => {
    const rows = layOut(
      map(3, [
        task({ index: 0, state: "done", attempt: 1 }),
        task({ index: 1, state: "running", progress: 0.5, worker: "w2" }),
        task({ index: 2 }),
      ]),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.cells.map(({ state, progress }) => [state, progress])).toEqual([
      ["done", 1],
      ["running", 0.5],
      ["idle", 0],
    ]);
  });

  it("knows a chunk's size once it is published, before its task has ended", () => {
    const cells = [{ rendition: "h264-720", chunk: 0, size_bytes: 123 }];
    const [row] = layOut(map(1, [task({ state: "pending" })], { cells }));
    expect(row?.cells[0]).toMatchObject({ size: 123, state: "done" });
  });

  it("shows a copy chunk by chunk, and the sound as one cell", () => {
    const copied = [
      { name: "h264-720", codec: "h264" as const, width: 1280, height: 720, copied: true },
    ];
    const tasks = [
      task({ index: 0, state: "done" }),
      task({ index: 1, state: "running", progress: 0.3 }),
      task({ kind: "audio", state: "done", chunk: null }),
    ];
    const rows = layOut(map(2, tasks, { renditions: copied }));
    expect(rows[0]?.cells.map(({ progress }) => progress)).toEqual([1, 0.3]);
    expect(rows[1]).toMatchObject({ name: "audio", cells: [{ first: 0, last: 1, state: "done" }] });
  });

  it("draws a day of video with no more cells than an hour", () => {
    const columns = columnsOf(8_640);
    expect(columns).toHaveLength(MOST_COLUMNS);
    expect(columns[0]).toEqual([0, 35]);
    expect(columns.at(-1)?.[1]).toBe(8_639);
    columns.slice(1).forEach(([first], place) => {
      expect(first).toBe((columns[place]?.[1] ?? 0) + 1);
    });
  });

  it("calls a cell of many chunks done only when all are", () => {
    const tasks = Array.from({ length: 480 }, (_, index) =>
      task({ index, chunk: index, state: index < 241 ? "done" : "pending" }),
    );
    const cells = layOut(map(480, tasks))[0]?.cells ?? [];
    expect(cells[119]?.state).toBe("done");
    expect(cells[120]).toMatchObject({ state: "idle", progress: 0.5 });
  });

  it("orders workers by number", () => {
    const tasks = ["w-10", "w-2", "w-10"].map((worker, index) => task({ index, worker }));
    expect(workersOf(map(3, tasks))).toEqual(["w-2", "w-10"]);
    expect(shortName("ip-10-0-12-34.eu-west-1.compute.internal-4711")).toHaveLength(17);
  });
});

describe("the story", () => {
  const told = (type: string, data: Record<string, unknown> = {}, id = 1) => ({
    id,
    video_id: "v1",
    type,
    at: "2026-03-01T12:00:00Z",
    data,
  });

  it("counts chunks that follow one another in one line", () => {
    const lines = tellStory([
      told("video.queued", {}, 1),
      told("task.done", { kind: "encode", index: 0 }, 2),
      told("task.running", { kind: "encode", index: 1 }, 3),
      told("task.done", { kind: "encode", index: 1 }, 4),
      told("video.ready", {}, 5),
    ]);
    expect(lines.map((line) => [line.told, line.count])).toEqual([
      ["video.queued", 1],
      ["chunks", 2],
      ["video.ready", 1],
    ]);
  });
});

describe("the storyboard", () => {
  const text =
    "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nhttps://b/s.jpg?X=1#xywh=0,0,160,90\n\n" +
    "00:00:05.000 --> 01:00:10.500\n/s.jpg#xywh=160,0,160,90\n\nbroken --> cue\nnothing\n";

  it("is read into tiles, and what can't be understood is left out", () => {
    const tiles = parseStoryboard(text, "https://a/x");
    expect(tiles).toHaveLength(2);
    expect(tiles[0]).toEqual({
      start: 0,
      end: 5,
      url: "https://b/s.jpg?X=1",
      x: 0,
      y: 0,
      width: 160,
      height: 90,
    });
    expect(tiles[1]).toMatchObject({ end: 3610.5, url: "https://a/s.jpg", x: 160 });
  });

  it("gives the tile at any place of the pointer", () => {
    const tiles = parseStoryboard(text, "https://a/x");
    expect(tileAt(tiles, -1)).toBe(tiles[0]);
    expect(tileAt(tiles, 0.5)).toBe(tiles[1]);
    expect(tileAt(tiles, 1)).toBe(tiles[1]);
    expect(tileAt([], 0.5)).toBeUndefined();
  });
});

describe("the quality menu", () => {
  it("lists the best first, and the codec where there is a choice", () => {
    const level = (width: number, height: number, videoCodec: string) => ({
      width,
      height,
      videoCodec,
    });
    expect(qualities([level(640, 360, "avc1.4d"), level(1280, 720, "avc1.4d")])).toEqual([
      { index: 1, label: "720p" },
      { index: 0, label: "360p" },
    ]);
    const both = qualities([level(720, 1280, "avc1.4d"), level(720, 1280, "av01.0.05M.08")]);
    expect(both.map(({ label }) => label)).toEqual(["720p H.264", "720p AV1"]);
  });
});

describe("the master playlist", () => {
  const master = (...lines: string[]) => ["#EXTM3U", "#EXT-X-VERSION:7", ...lines, ""].join("\n");
  const size = "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360";

  it("lists renditions by their paths, whatever first chunk they borrow", () => {
    const sound = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Default",URI="audio.m3u8"';
    const early = master(sound, size, "a.m3u8", size, "b.m3u8?opening=a");
    const later = master(sound, size, "a.m3u8", size, "b.m3u8").replaceAll("\n", "\r\n");
    const names = ["/v/hls/a.m3u8", "/v/hls/b.m3u8"];
    expect(renditionsIn(early, "https://x/v/hls/master.m3u8")).toEqual(names);
    expect(renditionsIn(later, "https://x/v/hls/master.m3u8")).toEqual(names);
    expect(renditionsIn(master(), "https://x/")).toEqual([]);
  });
});

describe("the embed code", () => {
  it("can't be broken out of by a name", () => {
    const code = embedCode("https://a/embed/t", { name: '"><script>', width: 1920, height: 1080 });
    expect(code).toContain('title="&quot;&gt;&lt;script&gt;"');
    expect(code).toContain("aspect-ratio: 1920 / 1080");
  });
});
