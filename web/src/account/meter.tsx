import { useTranslation } from "react-i18next";

const NEARLY = 0.9;

/** How much of what one may have is used; without a limit only how much. */
export function Meter({
  label,
  meter,
  show,
}: {
  label: string;
  meter: { readonly used: number; readonly limit: number | null };
  show: (value: number) => string;
}) {
  const { t } = useTranslation();
  const { used, limit } = meter;
  const share = limit ? Math.min(used / limit, 1) : 0;
  return (
    <div>
      <div className="flex items-baseline justify-between gap-4">
        <span className="font-medium">{label}</span>
        <span className="edge text-ink-2">
          {limit === null
            ? `${show(used)} · ${t("usage.noLimit")}`
            : t("usage.of", { used: show(used), limit: show(limit) })}
        </span>
      </div>
      {limit !== null && (
        // biome-ignore lint/a11y/useSemanticElements: <meter> can't be dressed alike in all browsers
        <div
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          className="mt-2 h-1.5 overflow-hidden rounded-full bg-sunk"
        >
          <div
            className={`h-full origin-left rounded-full ${share > NEARLY ? "bg-bad" : "bg-lamp"}`}
            style={{ transform: `scaleX(${share})` }}
          />
        </div>
      )}
    </div>
  );
}
