import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Button } from "./button";
import { useProblemText } from "./problems";
import { Spool } from "./spool";

/** Something is on its way. */
export function Loading({ label }: { label?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="flex flex-col items-center gap-3 py-24 text-ink-2">
      <Spool rolled className="size-9 animate-reel text-line-strong [animation-duration:3s]" />
      <span className="sr-only">{label ?? t("common.loading")}</span>
    </div>
  );
}

/** There is nothing, and what to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center px-4 py-16 text-center">
      <Spool className="mb-6 size-20 text-line" />
      <h2 className="title text-2xl">{title}</h2>
      {children && <div className="mt-2 max-w-md text-ink-2">{children}</div>}
      {action && <div className="mt-6">{action}</div>}
    </div>
  );
}

/** It could not be had, and what to do about it. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const { code, body } = asProblem(error);
  return (
    <div role="alert" className="flex flex-col items-center px-4 py-16 text-center">
      <h2 className="title text-2xl">
        {code === "not_found" ? t("errors.notFoundTitle") : t("errors.title")}
      </h2>
      <p className="mt-2 max-w-md text-ink-2">{text(error)}</p>
      {body.request_id && <p className="edge mt-3 text-ink-2">{body.request_id}</p>}
      {onRetry && code !== "not_found" && (
        <Button className="mt-6" onClick={onRetry}>
          <RotateCw className="size-4" /> {t("common.tryAgain")}
        </Button>
      )}
    </div>
  );
}
