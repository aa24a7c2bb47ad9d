/** All uploads of this tab: what is waiting, what runs, what a reload left behind. */

import type { Video } from "@/api/client";
import { api } from "@/api/client";
import { asProblem, Problem } from "@/api/problem";
import { forget, isSameFile, remember, remembered, type UploadRecord } from "./book";
import { IN_FLIGHT } from "./parts";
import type { Picked } from "./pick";
import { HEAD_BYTES, type Refusal, refusal } from "./sniff";
import { Speed } from "./speed";
import { StoreError } from "./store";
import { FileChanged, Gate, transfer } from "./transfer";

export type UploadStatus =
  | "waiting"
  | "sending"
  | "offline"
  | "paused"
  | "needs_leave"
  | "needs_file"
  | "refused"
  | "failed"
  | "done";

/** What the tray shows of one upload. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly status: UploadStatus;
  readonly done: number;
  /** Bytes per second. */
  readonly speed: number | null;
  readonly videoId: string | null;
  readonly refusal: Refusal | null;
  readonly failure: unknown;
}

interface Entry {
  record: UploadRecord;
  file: File | null;
  status: UploadStatus;
  done: number;
  speed: Speed;
  refusal: Refusal | null;
  failure: unknown;
  stop: AbortController | null;
}

/** Uploads that send at once; their parts share the gate. */
const AT_ONCE = 2;
const SHOWN_MS = 200;

/** What is done stays in the list this long, and then has said what it had to say. */
const DONE_MS = 6_000;

/** The server no longer has the upload that is remembered: begin anew. */
const GONE = new Set(["upload_gone", "not_found", "idempotency_conflict"]);

const PAUSED = Symbol("paused");
const CANCELED = Symbol("canceled");

export class Uploads {
  private readonly accountId: string;
  private readonly entries = new Map<string, Entry>();
  private readonly watchers = new Set<() => void>();
  private readonly gate = new Gate(IN_FLIGHT);
  private shown: readonly Upload[] = [];
  private showing: ReturnType<typeof setTimeout> | null = null;
  private readonly ended = new AbortController();
  /** Told of each video that the server has heard of, and again when its upload is complete. */
  onVideo: (video: Video) => void = () => undefined;

  constructor(accountId: string) {
    this.accountId = accountId;
    const { signal } = this.ended;
    const warn = (event: Event) => {
      if (this.isBusy) event.preventDefault();
    };
    globalThis.addEventListener("beforeunload", warn, { signal });
    globalThis.addEventListener("online", () => this.retryUnreachable(), { signal });
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly list = (): readonly Upload[] => this.shown;

  /** Stop everything: its person has signed out. What is unfinished is remembered. */
  end(): void {
    this.ended.abort();
    for (const { stop } of this.entries.values()) stop?.abort(PAUSED);
    this.entries.clear();
    this.show();
  }

  /** Whether leaving the page would interrupt something. */
  get isBusy(): boolean {
    return [...this.entries.values()].some(
      ({ status }) => status === "sending" || status === "waiting" || status === "offline",
    );
  }

  /** Take up what an earlier page left unfinished, where its file can still be read. */
  async restore(): Promise<void> {
    for (const record of await remembered(this.accountId)) {
      if (this.entries.has(record.id) || !(await isFree(record.id))) continue;
      const entry = this.entry(record, null, record.paused ? "paused" : "needs_file");
      entry.done = record.storedBytes;
      await this.reopen(entry, false);
    }
    this.pump();
  }

  /** Add files; what can't be a video is refused at once, and what is known already goes on. */
  async add(picked: readonly Picked[]): Promise<void> {
    for (const { file, handle } of picked) {
      const head = await readHead(file);
      // Nothing waits between the look and the entry: the same file may be let go twice.
      const known = [...this.entries.values()].find(
        (entry) => entry.status !== "done" && isSameFile(file, entry.record),
      );
      if (known) {
        if (known.status !== "refused") this.giveFile(known, file);
        continue;
      }
      const record = newRecord(this.accountId, file, handle);
      if (head === null) {
        this.entry(record, null, "failed").failure = new FileChanged();
        continue;
      }
      const refused = refusal(file.name, file.type, file.size, head);
      const entry = this.entry(record, file, refused ? "refused" : "waiting");
      entry.refusal = refused;
      if (!refused) await remember(record);
    }
    this.pump();
  }

  pause(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.stop?.abort(PAUSED);
    entry.status = "paused";
    this.keep(entry, { paused: true });
    this.pump();
  }

  /** Go on with a paused or failed upload; must be called from a click, for the browser's leave. */
  async resume(id: string): Promise<void> {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.failure = null;
    this.keep(entry, { paused: false });
    if (entry.file) entry.status = "waiting";
    else await this.reopen(entry, true);
    this.pump();
  }

  /** The person has picked the file again; tells whether it is the same. */
  offer(id: string, file: File): boolean {
    const entry = this.entries.get(id);
    if (!entry || !isSameFile(file, entry.record)) return false;
    this.giveFile(entry, file);
    this.pump();
    return true;
  }

  /** Stop it for good and throw away what is stored of it; or clear it from the list. */
  async cancel(id: string): Promise<void> {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    entry.stop?.abort(CANCELED);
    this.pump();
    if (entry.status === "done" || entry.status === "refused") return;
    await forget(id);
    const { videoId } = entry.record;
    if (videoId) {
      // It only saves the server the wait until it does so by itself.
      await api
        .DELETE("/api/videos/{video_id}/upload", { params: { path: { video_id: videoId } } })
        .catch(() => undefined);
    }
  }

  /** Clear what has ended from the list. */
  clear(): void {
    for (const [id, { status }] of this.entries) {
      if (status === "done" || status === "refused") this.entries.delete(id);
    }
    this.show();
  }

  private entry(record: UploadRecord, file: File | null, status: UploadStatus): Entry {
    const entry: Entry = {
      record,
      file,
      status,
      done: 0,
      speed: new Speed(),
      refusal: null,
      failure: null,
      stop: null,
    };
    this.entries.set(record.id, entry);
    this.show();
    return entry;
  }

  private giveFile(entry: Entry, file: File): void {
    entry.file = file;
    if (entry.status === "sending" || entry.status === "offline") return;
    entry.status = "waiting";
    entry.failure = null;
    this.keep(entry, { paused: false });
  }

  /** Open the remembered file, if the browser still gives leave; `ask` needs a click behind it. */
  private async reopen(entry: Entry, ask: boolean): Promise<void> {
    const { handle } = entry.record;
    if (entry.record.paused && !ask) return;
    entry.status = "needs_file";
    if (handle) {
      const leave = await permission(handle, ask);
      if (leave === "granted") {
        const file = await handle.getFile().catch(() => null);
        if (file && isSameFile(file, entry.record)) {
          entry.file = file;
          entry.status = "waiting";
        }
      } else if (leave === "prompt") entry.status = "needs_leave";
    }
    this.show();
  }

  private pump(): void {
    const all = [...this.entries.values()];
    let running = all.filter(({ stop }) => stop !== null).length;
    for (const entry of all) {
      if (running >= AT_ONCE) break;
      if (entry.status !== "waiting" || entry.stop) continue;
      running += 1;
      void this.run(entry);
    }
    this.show();
  }

  private async run(entry: Entry): Promise<void> {
    const stop = new AbortController();
    entry.stop = stop;
    entry.status = "sending";
    entry.speed.forget();
    try {
      await holding(entry.record.id, async () => {
        try {
          await this.send(entry, stop.signal);
        } catch (error) {
          if (!isGone(error) || !entry.record.videoId) throw error;
          await this.keep(entry, { videoId: null, key: crypto.randomUUID() });
          await this.send(entry, stop.signal);
        }
      });
    } catch (error) {
      if (!stop.signal.aborted) await this.fail(entry, error);
    } finally {
      entry.stop = null;
      this.pump();
    }
  }

  private async send(entry: Entry, signal: AbortSignal): Promise<void> {
    if (!entry.file) throw new FileChanged();
    const video = await transfer(
      entry.record,
      entry.file,
      this.gate,
      {
        begun: (begun) => {
          if (entry.record.videoId !== begun.id) void this.keep(entry, { videoId: begun.id });
          this.onVideo(begun);
        },
        progress: (done) => {
          entry.done = done;
          entry.speed.tell(done, performance.now());
          this.showSoon();
        },
        waiting: (offline) => {
          entry.status = offline ? "offline" : "sending";
          entry.speed.forget();
          this.show();
        },
      },
      signal,
    );
    entry.status = "done";
    entry.done = entry.record.size;
    entry.file = null;
    await forget(entry.record.id);
    this.onVideo(video);
    setTimeout(() => {
      this.entries.delete(entry.record.id);
      this.show();
    }, DONE_MS);
  }

  private async fail(entry: Entry, error: unknown): Promise<void> {
    entry.status = "failed";
    entry.failure = error;
    if (error instanceof FileChanged) {
      // What is stored belongs to no version of the file.
      entry.file = null;
      await this.cancelStored(entry);
    } else await this.keep(entry, { storedBytes: entry.done });
  }

  private async cancelStored(entry: Entry): Promise<void> {
    const { videoId } = entry.record;
    await forget(entry.record.id);
    if (!videoId) return;
    await api
      .DELETE("/api/videos/{video_id}/upload", { params: { path: { video_id: videoId } } })
      .catch(() => undefined);
  }

  private retryUnreachable(): void {
    for (const entry of this.entries.values()) {
      const { failure } = entry;
      const unreachable =
        (failure instanceof StoreError && failure.status === 0) ||
        (failure instanceof Problem && failure.status === 0);
      if (entry.status === "failed" && unreachable && entry.file) entry.status = "waiting";
    }
    this.pump();
  }

  private async keep(entry: Entry, change: Partial<UploadRecord>): Promise<void> {
    entry.record = { ...entry.record, ...change, storedBytes: change.storedBytes ?? entry.done };
    this.show();
    await remember(entry.record);
  }

  private showSoon(): void {
    this.showing ??= setTimeout(() => this.show(), SHOWN_MS);
  }

  private show(): void {
    if (this.showing !== null) clearTimeout(this.showing);
    this.showing = null;
    this.shown = [...this.entries.values()].map(({ record, ...entry }) => ({
      id: record.id,
      name: record.name,
      size: record.size,
      status: entry.status,
      done: entry.done,
      speed: entry.status === "sending" ? entry.speed.value : null,
      videoId: record.videoId,
      refusal: entry.refusal,
      failure: entry.failure,
    }));
    for (const watcher of this.watchers) watcher();
  }
}

/** The file's first bytes; `null` where it can't be read, as after it was moved away. */
async function readHead(file: File): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    return null;
  }
}

function newRecord(
  accountId: string,
  file: File,
  handle: FileSystemFileHandle | null,
): UploadRecord {
  return {
    id: crypto.randomUUID(),
    key: crypto.randomUUID(),
    accountId,
    name: file.name,
    type: file.type,
    size: file.size,
    lastModified: file.lastModified,
    videoId: null,
    paused: false,
    storedBytes: 0,
    handle,
  };
}

function isGone(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === "NoSuchUpload";
  return error instanceof Problem && GONE.has(asProblem(error).code);
}

interface Permitting {
  queryPermission?: (wanted: { mode: "read" }) => Promise<PermissionState>;
  requestPermission?: (wanted: { mode: "read" }) => Promise<PermissionState>;
}

async function permission(handle: FileSystemFileHandle, ask: boolean): Promise<PermissionState> {
  const permitting = handle as Permitting;
  const question = ask ? permitting.requestPermission : permitting.queryPermission;
  return (
    (await question?.call(handle, { mode: "read" }).catch(() => "denied" as const)) ?? "denied"
  );
}

function lockName(id: string): string {
  return `carrete-upload-${id}`;
}

/** Whether no other tab works on this upload. */
async function isFree(id: string): Promise<boolean> {
  if (!("locks" in navigator)) return true;
  return navigator.locks.request(lockName(id), { ifAvailable: true }, (lock) => lock !== null);
}

async function holding(id: string, work: () => Promise<void>): Promise<void> {
  if ("locks" in navigator) await navigator.locks.request(lockName(id), work);
  else await work();
}
