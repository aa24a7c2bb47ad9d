import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button";

/** A modal dialog: the browser's own, which holds the focus and closes on Escape. */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
      className={`w-[94vw] animate-rise rounded-xl border border-line bg-paper p-0 shadow-lift ${wide ? "max-w-[44rem]" : "max-w-[30rem]"}`}
    >
      <div className="p-5 sm:p-6">
        <div className="mb-4 flex items-start justify-between gap-4">
          <h2 id={id} className="title text-xl">
            {title}
          </h2>
          <IconButton
            label={t("common.close")}
            className="-mt-1.5 -mr-1.5"
            onClick={() => dialog.current?.close()}
          >
            <X className="size-5" />
          </IconButton>
        </div>
        {children}
      </div>
    </dialog>
  );
}
