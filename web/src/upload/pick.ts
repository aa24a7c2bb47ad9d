/** Files from a drop, a paste or the picker, folders opened up; with handles where there are any. */

export interface Picked {
  readonly file: File;
  readonly handle: FileSystemFileHandle | null;
}

/** Most files that are taken at once; a folder with more is cut there. */
export const MOST = 1_000;

interface WithHandles {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

/** Everything in a drop. Must be called in the drop's own turn: the browser clears it afterwards. */
export async function pickDropped(transfer: DataTransfer): Promise<Picked[]> {
  const waiting = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({
      handle: (item as WithHandles).getAsFileSystemHandle?.().catch(() => null) ?? null,
      entry: item.webkitGetAsEntry?.() ?? null,
      file: item.getAsFile(),
    }));
  const picked: Picked[] = [];
  for (const { handle, entry, file } of waiting) {
    const held = await handle;
    if (held?.kind === "directory") await openDirectory(held as FileSystemDirectoryHandle, picked);
    else if (held?.kind === "file") {
      const one = held as FileSystemFileHandle;
      add(picked, await one.getFile(), one);
    } else if (entry?.isDirectory) {
      await openEntry(entry as FileSystemDirectoryEntry, picked);
    } else if (file) add(picked, file, null);
  }
  return picked;
}

function add(picked: Picked[], file: File, handle: FileSystemFileHandle | null): void {
  // Files that the system puts into folders for itself are nobody's videos.
  if (picked.length < MOST && !file.name.startsWith(".")) picked.push({ file, handle });
}

async function openDirectory(directory: FileSystemDirectoryHandle, into: Picked[]): Promise<void> {
  const children = directory as unknown as AsyncIterable<[string, FileSystemHandle]>;
  for await (const [, child] of children) {
    if (into.length >= MOST) return;
    if (child.kind === "directory") await openDirectory(child as FileSystemDirectoryHandle, into);
    else {
      const one = child as FileSystemFileHandle;
      add(into, await one.getFile(), one);
    }
  }
}

async function openEntry(directory: FileSystemDirectoryEntry, into: Picked[]): Promise<void> {
  const reader = directory.createReader();
  const read = () =>
    new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
  for (let some = await read(); some.length > 0 && into.length < MOST; some = await read()) {
    for (const entry of some) {
      if (entry.isDirectory) await openEntry(entry as FileSystemDirectoryEntry, into);
      else {
        const file = await new Promise<File | null>((resolve) =>
          (entry as FileSystemFileEntry).file(resolve, () => resolve(null)),
        );
        if (file) add(into, file, null);
      }
    }
  }
}

export function pickListed(files: FileList | readonly File[]): Picked[] {
  const picked: Picked[] = [];
  for (const file of files) add(picked, file, null);
  return picked;
}
