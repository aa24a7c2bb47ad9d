import { useId } from "react";

const HOLES = [0, 72, 144, 216, 288].map((angle) => ((angle - 90) * Math.PI) / 180);

/** The mark: a reel seen from the side, its film running out to the right; `rolled` up when it turns. */
export function Spool({
  className = "",
  rolled = false,
}: {
  className?: string;
  rolled?: boolean;
}) {
  const id = useId();
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={className}>
      <mask id={id}>
        <rect width="32" height="32" fill="#fff" />
        {HOLES.map((angle) => (
          <circle
            key={angle}
            cx={16 + 7.6 * Math.cos(angle)}
            cy={16 + 7.6 * Math.sin(angle)}
            r="3.1"
            fill="#000"
          />
        ))}
        <circle cx="16" cy="16" r="1.6" fill="#000" />
      </mask>
      <path
        d={
          rolled
            ? "M16 2a14 14 0 1 0 0 28a14 14 0 1 0 0-28Z"
            : "M16 2a14 14 0 1 0 0 28h15v-3.4h-6A14 14 0 0 0 16 2Z"
        }
        fill="currentColor"
        mask={`url(#${id})`}
      />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2.5">
      <Spool className="size-7 text-lamp" />
      <span className="title text-[1.2rem]">Carrete</span>
    </span>
  );
}
