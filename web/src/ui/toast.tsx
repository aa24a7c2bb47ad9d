import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "bad";
  readonly action?: { readonly label: string; readonly run: () => void };
}

const SHOWN_MS = 8_000;
const MOST = 4;

let toasts: readonly Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function set(value: readonly Toast[]): void {
  toasts = value;
  for (const watcher of watchers) watcher();
}

export function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Say something for a few seconds; returns its id. */
export function say(
  text: string,
  options: { tone?: Toast["tone"]; action?: Toast["action"] } = {},
): number {
  const id = next++;
  const { tone = "plain", action } = options;
  set([...toasts, { id, text, tone, ...(action ? { action } : {}) }].slice(-MOST));
  setTimeout(() => dismiss(id), SHOWN_MS);
  return id;
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-50 flex flex-col items-center gap-2 p-4"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto flex max-w-full animate-rise items-center gap-3 rounded-lg bg-film py-2 pr-2 pl-4 text-sm text-[#f4eee3] shadow-lift"
        >
          {toast.tone === "bad" && <span className="size-2 shrink-0 rounded-full bg-[#ff7a66]" />}
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              className="rounded-frame px-2 py-1 font-semibold text-[#f7bd62] hover:bg-white/10"
              onClick={() => {
                dismiss(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button
            type="button"
            aria-label={t("common.close")}
            className="rounded-frame p-1.5 text-film-ink hover:bg-white/10"
            onClick={() => dismiss(toast.id)}
          >
            <X className="size-4" />
          </button>
        </div>
      ))}
    </div>
  );
}
