/**
 * Whether a file can be a video, from its first bytes. Pure.
 *
 * It refuses what is certainly something else; what it does not know it lets pass when its name or
 * type says video. The server looks at the file itself, and has the last word.
 */

/** Bytes of the file's start that are enough. */
export const HEAD_BYTES = 4096;

export type Refusal = "empty" | "picture" | "sound" | "document" | "archive" | "unknown";

const VIDEO_NAMES =
  /\.(mp4|m4v|mov|qt|mkv|webm|avi|mpe?g|mpv|m2v|m2ts|mts|ts|vob|wmv|asf|flv|f4v|3gp|3g2|ogv|ogm|mxf|mj2|dv|divx|y4m|rm|rmvb|insv|lrv|braw|h26[45]|hevc)$/i;

const VIDEO_BRANDS_NOT = new Set([
  "heic",
  "heix",
  "heim",
  "heis",
  "mif1",
  "avif",
  "avis",
  "M4A ",
  "M4B ",
  "crx ",
]);

type Kind = "video" | Exclude<Refusal, "empty" | "unknown">;

/** First bytes (hexadecimal) of files whose kind they give away. */
const MAGIC: readonly [string, Kind][] = [
  ["1a45dfa3", "video"], // Matroska, WebM
  ["464c5601", "video"], // FLV
  ["3026b2758e66cf11", "video"], // ASF, WMV
  ["000001ba", "video"], // MPEG program stream
  ["000001b3", "video"], // MPEG video
  ["060e2b34", "video"], // MXF
  ["2e524d46", "video"], // RealMedia
  ["ffd8ff", "picture"],
  ["89504e47", "picture"],
  ["47494638", "picture"],
  ["424d", "picture"],
  ["49492a00", "picture"],
  ["4d4d002a", "picture"],
  ["38425053", "picture"],
  ["494433", "sound"], // MP3 with a tag
  ["fffb", "sound"],
  ["664c6143", "sound"], // FLAC
  ["25504446", "document"],
  ["7b5c727466", "document"],
  ["d0cf11e0a1b11ae1", "document"],
  ["504b0304", "archive"],
  ["504b0506", "archive"],
  ["1f8b", "archive"],
  ["377abcaf271c", "archive"],
  ["526172211a07", "archive"],
  ["fd377a585a00", "archive"],
  ["7f454c46", "archive"],
  ["4d5a", "archive"],
];

const BOXES = new Set([
  "moov",
  "mdat",
  "wide",
  "free",
  "skip",
  "pnot",
  "uuid",
  "moof",
  "sidx",
  "styp",
]);

function ascii(head: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...head.subarray(from, from + length));
}

function riff(head: Uint8Array): Kind | null {
  if (ascii(head, 0, 4) !== "RIFF") return null;
  const form = ascii(head, 8, 4);
  if (form === "WAVE") return "sound";
  return form === "WEBP" ? "picture" : "video";
}

function boxes(head: Uint8Array): Kind | null {
  const type = ascii(head, 4, 4);
  if (type !== "ftyp") return BOXES.has(type) ? "video" : null;
  const brand = ascii(head, 8, 4);
  if (!VIDEO_BRANDS_NOT.has(brand)) return "video";
  return brand.startsWith("M4") ? "sound" : "picture";
}

function transportStream(head: Uint8Array): Kind | null {
  const synced = (start: number, packet: number) =>
    [0, 1, 2].every((count) => head[start + count * packet] === 0x47);
  return synced(0, 188) || synced(4, 192) ? "video" : null;
}

/** Text has no bytes below the space but those that move the cursor. */
function isText(head: Uint8Array): boolean {
  return (
    head.length > 0 && head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13)
  );
}

function kindOf(head: Uint8Array): Kind | null {
  const special = boxes(head) ?? riff(head) ?? transportStream(head);
  if (special) return special;
  const hex = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return MAGIC.find(([magic]) => hex.startsWith(magic))?.[1] ?? null;
}

/** Why a file can't be a video, or nothing. */
export function refusal(
  name: string,
  type: string,
  size: number,
  head: Uint8Array,
): Refusal | null {
  if (size === 0) return "empty";
  const kind = kindOf(head);
  if (kind === "video") return null;
  if (kind) return kind;
  if (isText(head)) return "document";
  return type.startsWith("video/") || VIDEO_NAMES.test(name) || ascii(head, 0, 4) === "OggS"
    ? null
    : "unknown";
}
