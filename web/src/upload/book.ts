/** What is remembered of unfinished uploads, in the browser's own database (IndexedDB). */

import { createStore, del, entries, set } from "idb-keyval";

export interface UploadRecord {
  readonly id: string;
  /** Idempotency-Key: a lost answer to "create" must not make a second video. */
  readonly key: string;
  readonly accountId: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly lastModified: number;
  readonly videoId: string | null;
  readonly paused: boolean;
  /** Bytes that were stored when it was last looked at; only for show. */
  readonly storedBytes: number;
  /** Where the browser lets a page keep hold of a file. */
  readonly handle: FileSystemFileHandle | null;
}

const store = createStore("carrete", "uploads");

export async function remember(record: UploadRecord): Promise<void> {
  try {
    await set(record.id, record, store);
  } catch (error) {
    // Private windows may refuse; the upload then lives as long as its page does.
    if (record.handle === null) return;
    if (!(error instanceof DOMException)) throw error;
    await set(record.id, { ...record, handle: null }, store).catch(() => undefined);
  }
}

export async function forget(id: string): Promise<void> {
  await del(id, store).catch(() => undefined);
}

/** Records of an account, oldest first. */
export async function remembered(accountId: string): Promise<UploadRecord[]> {
  const all = await entries<string, UploadRecord>(store).catch(() => []);
  return all.map(([, record]) => record).filter((record) => record.accountId === accountId);
}

/** Whether a file is the one that was begun: no two files of a person agree in all of these. */
export function isSameFile(file: File, record: UploadRecord): boolean {
  return (
    file.name === record.name &&
    file.size === record.size &&
    file.lastModified === record.lastModified
  );
}
