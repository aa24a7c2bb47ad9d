/** Parts of one upload: which bytes, how often another try. Pure. */

export interface Shape {
  readonly part_size: number;
  readonly part_count: number;
}

export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly sha256: string | null;
}

/** First byte and the one after the last of a part (numbered from 1). */
export function partRange(number: number, size: number, shape: Shape): [number, number] {
  const start = (number - 1) * shape.part_size;
  return [start, Math.min(start + shape.part_size, size)];
}

/** Whether the store has these very bytes; where it kept no hash, the size has to do. */
export function isStored(
  part: { readonly size: number; readonly sha256: string },
  stored: StoredPart | undefined,
): boolean {
  if (stored?.size !== part.size) return false;
  return stored.sha256 === null || stored.sha256 === part.sha256;
}

/** Attempts at a part before it counts as failed. */
export const ATTEMPTS = 8;
const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/** Milliseconds to wait after so many failures: doubled each time, with some chance in it. */
export function delayMs(failures: number, chance: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS) * (0.5 + chance / 2);
}

/** What an answer of the store means: 400 is `BadDigest` or `RequestTimeout`, bytes cut on the way. */
export function verdict(status: number, code: string): "passing" | "expired" | "final" {
  if (code === "NoSuchUpload") return "final";
  if (status === 401 || status === 403) return "expired";
  return [0, 400, 408, 409, 425, 429, 500, 502, 503, 504].includes(status) ? "passing" : "final";
}

/** Fewer bytes in memory than this, whatever the parts' size. */
const MEMORY = 256 * 1024 * 1024;
export const IN_FLIGHT = 4;

/** Parts of one upload that are read, hashed and sent at once. */
export function lanes(shape: Shape): number {
  return Math.max(1, Math.min(IN_FLIGHT, shape.part_count, Math.floor(MEMORY / shape.part_size)));
}
