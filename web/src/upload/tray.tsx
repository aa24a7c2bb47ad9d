import { Link } from "@tanstack/react-router";
import { ChevronDown, FileWarning, Pause, Play, RotateCw, X } from "lucide-react";
import { useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { bytes, percent, span } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Button, IconButton } from "@/ui/button";
import { Perforations } from "@/ui/perforations";
import { useProblemText } from "@/ui/problems";
import { say } from "@/ui/toast";
import type { Upload, Uploads } from "./manager";
import { StoreError } from "./store";
import { FileChanged } from "./transfer";

/** What is being uploaded, in a corner of every page. */
export default function Tray({ uploads }: { uploads: Uploads }) {
  const { t } = useTranslation();
  const list = useSyncExternalStore(uploads.subscribe, uploads.list);
  const [open, setOpen] = useState(true);
  if (list.length === 0) return null;
  const busy = list.filter(({ status }) => status !== "done" && status !== "refused");
  const ended = list.length - busy.length;
  return (
    <section
      aria-label={t("upload.tray")}
      className="fixed right-0 bottom-0 z-30 w-full animate-rise overflow-hidden border-t border-line bg-raised shadow-lift sm:right-4 sm:bottom-4 sm:w-[25rem] sm:rounded-xl sm:border"
    >
      <div className="flex items-center gap-2 bg-film py-1.5 pr-2 pl-4 text-[#f4eee3]">
        <h2 className="title flex-1 text-sm" aria-live="polite">
          {busy.length > 0
            ? t("upload.uploading", { count: busy.length })
            : t("upload.allDone", { count: ended })}
        </h2>
        {busy.length === 0 && (
          <button
            type="button"
            className="rounded-frame px-2 py-1 text-sm text-film-ink hover:bg-white/10"
            onClick={() => uploads.clear()}
          >
            {t("upload.clear")}
          </button>
        )}
        <button
          type="button"
          aria-expanded={open}
          aria-label={t("upload.toggle")}
          className="rounded-frame p-1.5 text-film-ink hover:bg-white/10"
          onClick={() => setOpen(!open)}
        >
          <ChevronDown className={`size-5 transition-transform ${open ? "" : "rotate-180"}`} />
        </button>
      </div>
      {open && (
        <ul className="max-h-[min(50dvh,24rem)] divide-y divide-line overflow-y-auto">
          {list.map((upload) => (
            <Row key={upload.id} upload={upload} uploads={uploads} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { t } = useTranslation();
  const { id, status, name } = upload;
  const active = status === "sending" || status === "waiting" || status === "offline";
  const bad = status === "refused" || status === "failed";
  return (
    <li className="px-4 py-3" data-status={status}>
      <div className="flex items-center gap-1">
        <span className="min-w-0 flex-1">
          {status === "done" && upload.videoId ? (
            <Link
              to="/videos/$id"
              params={{ id: upload.videoId }}
              className="block truncate font-semibold hover:underline"
            >
              {name}
            </Link>
          ) : (
            <span className="block truncate font-semibold" title={name}>
              {name}
            </span>
          )}
        </span>
        {active && (
          <IconButton label={t("upload.pause")} onClick={() => uploads.pause(id)}>
            <Pause className="size-4" />
          </IconButton>
        )}
        {status === "paused" && (
          <IconButton label={t("upload.resume")} onClick={() => void uploads.resume(id)}>
            <Play className="size-4" />
          </IconButton>
        )}
        {status === "failed" && !(upload.failure instanceof FileChanged) && (
          <IconButton label={t("upload.retry")} onClick={() => void uploads.resume(id)}>
            <RotateCw className="size-4" />
          </IconButton>
        )}
        <IconButton
          label={active || status === "paused" ? t("upload.cancel") : t("common.dismiss")}
          onClick={() => void uploads.cancel(id)}
        >
          <X className="size-4" />
        </IconButton>
      </div>
      {!bad && status !== "done" && (
        <Perforations
          tone="paper"
          className="my-1.5"
          label={t("upload.progress", { name })}
          value={upload.size === 0 ? 0 : upload.done / upload.size}
        />
      )}
      <Note upload={upload} />
      {status === "needs_leave" && (
        <Button size="small" look="lamp" className="mt-2" onClick={() => void uploads.resume(id)}>
          <Play className="size-4" /> {t("upload.goOn")}
        </Button>
      )}
      {status === "needs_file" && <SameFile upload={upload} uploads={uploads} />}
    </li>
  );
}

function Note({ upload }: { upload: Upload }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const problem = useProblemText();
  const { status, done, size, speed, failure } = upload;
  if (status === "refused" && upload.refusal) {
    return (
      <p className="flex gap-2 text-sm text-bad">
        <FileWarning className="mt-0.5 size-4 shrink-0" /> {t(`upload.refusal.${upload.refusal}`)}
      </p>
    );
  }
  if (status === "failed") {
    const text =
      failure instanceof FileChanged
        ? t("upload.changed")
        : failure instanceof StoreError
          ? t("upload.storeFailed")
          : problem(failure);
    return <p className="text-sm text-bad">{text}</p>;
  }
  if (status === "done") return <p className="text-sm text-good">{t("upload.done")}</p>;
  if (status === "refused") return null;
  if (status !== "sending") {
    return <p className="text-sm text-ink-2">{t(`upload.status.${status}`)}</p>;
  }
  const left = speed ? (size - done) / speed : null;
  return (
    <p className="edge flex justify-between gap-3 text-ink-2">
      <span>
        {percent(done / size, language)} · {bytes(done, language)} / {bytes(size, language)}
      </span>
      <span>
        {speed !== null && `${bytes(speed, language)}/s`}
        {left !== null && ` · ${t("upload.left", { time: span(left, language) })}`}
      </span>
    </p>
  );
}

/** The browser has let go of the file: it has to be picked again, and only what is missing goes. */
function SameFile({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button size="small" look="lamp" className="mt-2" onClick={() => input.current?.click()}>
        {t("upload.chooseSame")}
      </Button>
      <input
        ref={input}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label={t("upload.chooseSame")}
        data-testid="same-file"
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          if (file && !uploads.offer(upload.id, file)) {
            say(t("upload.otherFile", { name: upload.name }), { tone: "bad" });
          }
          target.value = "";
        }}
      />
    </>
  );
}
