import { useQueryClient } from "@tanstack/react-query";
import {
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { patchEverywhere } from "@/live/live";
import { Spool } from "@/ui/spool";
import { say } from "@/ui/toast";
import { UploadContext } from "./context";
import type { Uploads } from "./manager";
import { type Picked, pickDropped, pickListed } from "./pick";

const Tray = lazy(() => import("./tray"));

/** Whether an earlier page may have left uploads, without loading the uploader to find out. */
const LEFT = "carrete.uploads";

/** Takes files from anywhere on the page: dropped, pasted or picked. */
export function UploadProvider({
  accountId,
  children,
}: {
  accountId: string;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [uploads, setUploads] = useState<Uploads | null>(null);
  const loading = useRef<Promise<Uploads> | null>(null);

  const load = useCallback(() => {
    loading.current ??= import("./manager")
      .then(async ({ Uploads }) => {
        const made = new Uploads(accountId);
        made.onVideo = (video) => patchEverywhere(client, video.id, () => video);
        localStorage.setItem(LEFT, "1");
        await made.restore();
        setUploads(made);
        return made;
      })
      .catch((error: unknown) => {
        // The next file asks for it again; Chromium remembers a failure until a reload.
        loading.current = null;
        throw error;
      });
    return loading.current;
  }, [accountId, client]);

  useEffect(() => {
    if (localStorage.getItem(LEFT)) load().catch(() => undefined);
    return () => {
      loading.current?.then((made) => made.end()).catch(() => undefined);
      loading.current = null;
    };
  }, [load]);

  const add = useCallback(
    async (picked: readonly Picked[] | Promise<readonly Picked[]>) => {
      try {
        const files = await picked;
        if (files.length > 0) await (await load()).add(files);
      } catch {
        say(t("upload.notTaken"), { tone: "bad" });
      }
    },
    [load, t],
  );
  const choose = useCallback(() => input.current?.click(), []);
  const dragging = useDrops(add);

  return (
    <UploadContext value={{ uploads, add, choose }}>
      {children}
      <input
        ref={input}
        type="file"
        multiple
        // Sound and pictures are refused with a reason; a filter would only hide odd names.
        className="sr-only"
        tabIndex={-1}
        aria-hidden="true"
        data-testid="picker"
        onChange={({ target }) => {
          const picked = pickListed(target.files ?? []);
          target.value = "";
          void add(picked);
        }}
      />
      {dragging && <DropHere />}
      {uploads && (
        <Suspense>
          <Tray uploads={uploads} />
        </Suspense>
      )}
    </UploadContext>
  );
}

function hasFiles(transfer: DataTransfer | null): transfer is DataTransfer {
  return transfer?.types.includes("Files") ?? false;
}

/** Whether files hang over the page; takes them when they are let go, or pasted. */
function useDrops(
  add: (picked: readonly Picked[] | Promise<readonly Picked[]>) => Promise<void>,
): boolean {
  const [dragging, setDragging] = useState(false);
  // Before the page is shown: nothing may fall on one that does not listen yet.
  useLayoutEffect(() => {
    let depth = 0;
    const stop = new AbortController();
    const on = <K extends keyof DocumentEventMap>(
      type: K,
      handle: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(type, handle, { signal: stop.signal });
    on("dragenter", (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      depth += 1;
      setDragging(true);
    });
    on("dragleave", (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      depth -= 1;
      if (depth <= 0) setDragging(false);
    });
    on("dragover", (event) => {
      if (hasFiles(event.dataTransfer)) event.preventDefault();
    });
    on("drop", (event) => {
      depth = 0;
      setDragging(false);
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      void add(pickDropped(event.dataTransfer));
    });
    on("paste", (event) => {
      const files = event.clipboardData?.files;
      if (!files?.length) return;
      event.preventDefault();
      void add(pickListed(files));
    });
    return () => stop.abort();
  }, [add]);
  return dragging;
}

function DropHere() {
  const { t } = useTranslation();
  return (
    <div
      className="pointer-events-none fixed inset-0 z-50 bg-film/80 p-4 sm:p-8"
      data-testid="drop-here"
    >
      <div className="perforated flex h-full flex-col items-center justify-center rounded-xl text-center text-[#f4eee3] [--holes:url(/holes-lit.svg)]">
        <Spool rolled className="mb-6 size-24 animate-reel text-lamp [animation-duration:4s]" />
        <p className="title text-3xl sm:text-4xl">{t("upload.drop")}</p>
        <p className="mt-2 text-film-ink">{t("upload.dropHint")}</p>
      </div>
    </div>
  );
}
