import { describe, expect, it } from "vitest";
import { ATTEMPTS, delayMs, isStored, lanes, partRange, verdict } from "@/upload/parts";
import { HEAD_BYTES, refusal } from "@/upload/sniff";
import { Speed } from "@/upload/speed";
import { Gate } from "@/upload/transfer";

const MIB = 1024 * 1024;

function head(hex: string, text = ""): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  const parts = hex.match(/../g) ?? [];
  parts.forEach((byte, place) => {
    bytes[place] = Number.parseInt(byte, 16);
  });
  [...text].forEach((letter, place) => {
    bytes[parts.length + place] = letter.charCodeAt(0);
  });
  return bytes;
}

describe("what can be a video", () => {
  it.each([
    ["MP4", head("00000020", "ftypisom")],
    ["QuickTime without ftyp", head("00000008", "wide")],
    ["HEVC in MP4", head("00000020", "ftyphvc1")],
    ["Matroska and WebM", head("1a45dfa3")],
    ["AVI", head("", "RIFF\x00\x00\x00\x00AVI ")],
    ["MPEG program stream", head("000001ba")],
    ["FLV", head("464c5601")],
    ["WMV", head("3026b2758e66cf11")],
    ["MXF", head("060e2b34")],
  ])("takes %s whatever its name is", (_, bytes) => {
    expect(refusal("no-ending", "", 5_000, bytes)).toBeNull();
  });

  it("takes a transport stream, also with the four bytes that cameras put before each packet", () => {
    for (const [start, packet] of [
      [0, 188],
      [4, 192],
    ] as const) {
      const bytes = new Uint8Array(HEAD_BYTES);
      for (let at = start; at < HEAD_BYTES; at += packet) bytes[at] = 0x47;
      expect(refusal("x", "", 5_000, bytes)).toBeNull();
    }
  });

  it.each([
    ["picture", "holiday.mp4", head("ffd8ffe0")],
    ["picture", "photo.heic", head("00000018", "ftypheic")],
    ["sound", "song.mp4", head("494433")],
    ["sound", "song.m4a", head("00000018", "ftypM4A ")],
    ["sound", "song.wav", head("", "RIFF\x00\x00\x00\x00WAVE")],
    ["document", "paper.mp4", head("25504446")],
    ["archive", "film.mp4", head("504b0304")],
    ["unknown", "data.bin", head("0102030405")],
  ] as const)("refuses what is a %s: %s", (why, name, bytes) => {
    expect(refusal(name, "", 5_000, bytes)).toBe(why);
  });

  it("refuses text that is called a video, and nothing at all", () => {
    const text = new TextEncoder().encode("#EXTM3U\nhttp://example.org/secret\n");
    expect(refusal("list.mp4", "video/mp4", text.length, text)).toBe("document");
    expect(refusal("empty.mp4", "video/mp4", 0, new Uint8Array())).toBe("empty");
  });

  it("leaves to the server what it does not know but is called a video", () => {
    expect(refusal("tape.dv", "", 5_000, head("1f07003f"))).toBeNull();
    expect(refusal("x", "video/x-odd", 5_000, head("0102030405"))).toBeNull();
  });
});

describe("parts", () => {
  const shape = { part_size: 8 * MIB, part_count: 3 };

  it("cover the file without gap or overlap", () => {
    const size = 20 * MIB + 1;
    const ranges = [1, 2, 3].map((number) => partRange(number, size, shape));
    expect(ranges).toEqual([
      [0, 8 * MIB],
      [8 * MIB, 16 * MIB],
      [16 * MIB, size],
    ]);
  });

  it("are stored when size and hash agree; size alone where the store keeps no hash", () => {
    const part = { size: 5, sha256: "a" };
    expect(isStored(part, { number: 1, size: 5, sha256: "a" })).toBe(true);
    expect(isStored(part, { number: 1, size: 5, sha256: "b" })).toBe(false);
    expect(isStored(part, { number: 1, size: 4, sha256: "a" })).toBe(false);
    expect(isStored(part, { number: 1, size: 5, sha256: null })).toBe(true);
    expect(isStored(part, undefined)).toBe(false);
  });

  it("are tried again when that helps, with new leave when the old has run out", () => {
    expect(verdict(0, "")).toBe("passing");
    expect(verdict(503, "SlowDown")).toBe("passing");
    expect(verdict(400, "BadDigest")).toBe("passing");
    expect(verdict(403, "AccessDenied")).toBe("expired");
    expect(verdict(404, "NoSuchUpload")).toBe("final");
    expect(verdict(501, "NotImplemented")).toBe("final");
  });

  it("wait longer each time, and never longer than twenty seconds", () => {
    const waits = Array.from({ length: ATTEMPTS }, (_, count) => delayMs(count + 1, 1));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(Math.max(...waits)).toBe(20_000);
  });

  it("go out several at a time, fewer when they are large", () => {
    expect(lanes({ part_size: 8 * MIB, part_count: 100 })).toBe(4);
    expect(lanes({ part_size: 8 * MIB, part_count: 1 })).toBe(1);
    expect(lanes({ part_size: 200 * MIB, part_count: 100 })).toBe(1);
  });
});

describe("speed", () => {
  it("is that of the last seconds", () => {
    const speed = new Speed();
    speed.tell(0, 0);
    expect(speed.value).toBeNull();
    speed.tell(1_000, 1_000);
    expect(speed.value).toBe(1_000);
    speed.tell(1_000, 10_000);
    speed.tell(1_000, 20_000);
    expect(speed.value).toBe(0);
  });

  it("is forgotten when bytes are taken back", () => {
    const speed = new Speed();
    speed.tell(0, 0);
    speed.tell(5_000, 1_000);
    speed.tell(100, 2_000);
    expect(speed.value).toBeNull();
  });
});

describe("the gate", () => {
  it("lets so many through at once, and the next when one is done or has failed", async () => {
    const gate = new Gate(2);
    let inside = 0;
    let most = 0;
    const work = (fails: boolean) =>
      gate.through(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await Promise.resolve();
        inside -= 1;
        if (fails) throw new Error("no");
      });
    const ends = await Promise.allSettled([false, true, false, true, false].map(work));
    expect(most).toBe(2);
    expect(ends.map(({ status }) => status).filter((status) => status === "rejected")).toHaveLength(
      2,
    );
  });
});
