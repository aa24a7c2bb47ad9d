/**
 * One upload, from its first byte to "complete": the protocol of `carrete.client.upload` in the
 * browser. The server is asked which parts are stored; each is compared with the file's own bytes,
 * and only the others are sent.
 */

import { api, take, type Video } from "@/api/client";
import { Problem } from "@/api/problem";
import type { UploadRecord } from "./book";
import { ATTEMPTS, delayMs, isStored, lanes, partRange, verdict } from "./parts";
import { Signer } from "./signer";
import { putPart, type StoredPartList, StoreError, sha256 } from "./store";

/** How often the server may say that parts are missing after all were sent. */
const ROUNDS = 3;

export class FileChanged extends Error {}

export interface TransferReport {
  begun(video: Video): void;
  /** Bytes that are stored or on their way. */
  progress(done: number): void;
  waiting(offline: boolean): void;
}

/** A gate for a number of requests at a time, over all uploads. */
export class Gate {
  private free: number;
  private readonly queue: (() => void)[] = [];

  constructor(size: number) {
    this.free = size;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

/** Send what is missing and complete the upload.
 *
 * @throws FileChanged, StoreError, Problem, or the signal's reason.
 */
export async function transfer(
  record: UploadRecord,
  file: File,
  gate: Gate,
  report: TransferReport,
  signal: AbortSignal,
): Promise<Video> {
  const created = await patiently(
    () =>
      take(
        api.POST("/api/videos", {
          params: { header: { "Idempotency-Key": record.key } },
          body: {
            name: record.name,
            size_bytes: record.size,
            ...(record.type ? { content_type: record.type } : {}),
            profile: "h264",
          },
          signal,
        }),
      ),
    report,
    signal,
  );
  const { video } = created;
  report.begun(video);
  // A lost answer to "complete" leaves a record of an upload that is done.
  if (video.state !== "uploading") return video;
  let fresh = record.videoId === null;
  for (let round = 1; ; round += 1) {
    const stored = fresh
      ? { ...created.upload, parts: [] }
      : await storedParts(video.id, report, signal);
    fresh = false;
    await sendMissing(video.id, file, stored, gate, report, signal);
    try {
      return await patiently(() => complete(video.id, signal), report, signal);
    } catch (error) {
      const again = error instanceof Problem && error.code === "upload_incomplete";
      if (!again || round >= ROUNDS) throw error;
    }
  }
}

function complete(videoId: string, signal: AbortSignal): Promise<Video> {
  return take(
    api.POST("/api/videos/{video_id}/upload/complete", {
      params: { path: { video_id: videoId } },
      signal,
    }),
  );
}

function storedParts(
  videoId: string,
  report: TransferReport,
  signal: AbortSignal,
): Promise<StoredPartList> {
  return patiently(
    () =>
      take(
        api.GET("/api/videos/{video_id}/upload", {
          params: { path: { video_id: videoId } },
          signal,
        }),
      ),
    report,
    signal,
  );
}

async function sendMissing(
  videoId: string,
  file: File,
  upload: StoredPartList,
  gate: Gate,
  report: TransferReport,
  outer: AbortSignal,
): Promise<void> {
  const stored = new Map(upload.parts.map((part) => [part.number, part]));
  const signer = new Signer(videoId);
  const done = new Map<number, number>();
  const tell = (number: number, bytes: number) => {
    done.set(number, bytes);
    let sum = 0;
    for (const value of done.values()) sum += value;
    report.progress(sum);
  };
  // The first lane that fails stops the others.
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  let next = 1;
  const lane = async () => {
    while (next <= upload.part_count) {
      const number = next++;
      await gate.through(async () => {
        signal.throwIfAborted();
        const [start, end] = partRange(number, file.size, upload);
        const body = await readSlice(file, start, end);
        const part = { size: body.byteLength, sha256: await sha256(body) };
        if (!isStored(part, stored.get(number))) {
          const sent = (bytes: number) => tell(number, Math.min(bytes, part.size));
          await sendPart(signer, number, body, part.sha256, { ...report, progress: sent }, signal);
        }
        tell(number, part.size);
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes(upload) }, lane));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

async function readSlice(file: File, start: number, end: number): Promise<ArrayBuffer> {
  try {
    const body = await file.slice(start, end).arrayBuffer();
    if (body.byteLength === end - start) return body;
  } catch {
    // Browsers refuse to read a file that has changed on disk.
  }
  throw new FileChanged();
}

async function sendPart(
  signer: Signer,
  number: number,
  body: ArrayBuffer,
  hash: string,
  report: TransferReport,
  signal: AbortSignal,
): Promise<void> {
  let leave = await patiently(() => signer.leave(number, hash), report, signal);
  for (let failures = 0; ; ) {
    try {
      await putPart(leave, body, report.progress, signal);
      return;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      report.progress(0);
      failures += 1;
      const kind = verdict(error.status, error.code);
      if (kind === "final" || failures >= ATTEMPTS) throw error;
      if (await rest(failures, report, signal)) failures = 0;
      if (kind === "expired")
        leave = await patiently(() => signer.leave(number, hash), report, signal);
    }
  }
}

/** Ask the API until it answers, as often as helps. */
async function patiently<T>(
  ask: () => Promise<T>,
  report: TransferReport,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const passing =
        error instanceof Problem &&
        (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!passing || failures >= ATTEMPTS) throw error;
      if (await rest(failures, report, signal)) failures = 0;
    }
  }
}

/** Wait before another try: for the network when there is none, else for longer each time.
 *
 * Returns whether the network had gone, so that those tries do not count.
 */
async function rest(
  failures: number,
  report: TransferReport,
  signal: AbortSignal,
): Promise<boolean> {
  const offline = !navigator.onLine;
  if (offline) report.waiting(true);
  await new Promise<void>((resolve, reject) => {
    const timer = offline ? undefined : setTimeout(done, delayMs(failures, Math.random()));
    function done() {
      clearTimeout(timer);
      globalThis.removeEventListener("online", done);
      signal.removeEventListener("abort", abort);
      resolve();
    }
    function abort() {
      done();
      reject(signal.reason);
    }
    globalThis.addEventListener("online", done);
    signal.addEventListener("abort", abort);
  });
  if (offline) report.waiting(false);
  return offline;
}
