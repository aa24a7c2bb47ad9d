/** Progress as a film knows it: a row of perforations, each lit when its share is done. */
export function Perforations({
  value,
  label,
  count = 24,
  className = "",
  tone = "film",
}: {
  value: number;
  label: string;
  count?: number;
  className?: string;
  tone?: "film" | "paper";
}) {
  const lit = value * count;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(value * 100)}
      className={`flex gap-[3px] ${className}`}
    >
      {Array.from({ length: count }, (_, place) => {
        const share = Math.min(Math.max(lit - place, 0), 1);
        return (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: holes are their places
            key={place}
            className={`h-1.5 min-w-0 flex-1 overflow-hidden rounded-[2px] ${tone === "film" ? "bg-[#3d352d]" : "bg-line"}`}
          >
            <span
              className="block h-full origin-left bg-lamp transition-transform duration-300"
              style={{ transform: `scaleX(${share})` }}
            />
          </span>
        );
      })}
    </div>
  );
}
