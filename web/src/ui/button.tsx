import type { ComponentProps, ReactNode } from "react";

const SHAPE =
  "inline-flex items-center justify-center gap-2 rounded-frame font-semibold whitespace-nowrap transition-colors select-none disabled:opacity-50";

const LOOKS = {
  primary: "bg-ink text-paper hover:bg-ink/85",
  lamp: "bg-lamp text-film hover:bg-lamp/85",
  plain: "border border-line-strong/60 bg-raised text-ink hover:border-line-strong hover:bg-sunk",
  quiet: "text-ink-2 hover:bg-sunk hover:text-ink",
  danger: "border border-bad/50 text-bad hover:bg-bad-soft",
} as const;

const SIZES = {
  small: "h-8 px-2.5 text-[0.8125rem]",
  normal: "h-10 px-4 text-sm",
  square: "size-10",
} as const;

interface Looks {
  look?: keyof typeof LOOKS;
  size?: keyof typeof SIZES;
}

/** The classes of a button, for links that look like one. */
export function buttonClass({ look = "plain", size = "normal" }: Looks = {}): string {
  return `${SHAPE} ${LOOKS[look]} ${SIZES[size]}`;
}

export function Button({
  look,
  size,
  className = "",
  type = "button",
  ...rest
}: ComponentProps<"button"> & Looks) {
  const looks = { ...(look ? { look } : {}), ...(size ? { size } : {}) };
  return <button type={type} className={`${buttonClass(looks)} ${className}`} {...rest} />;
}

/** A button that is only a picture; its label is read out and shown on hover. */
export function IconButton({
  label,
  children,
  className = "",
  ...rest
}: ComponentProps<"button"> & { label: string; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`inline-flex size-9 shrink-0 items-center justify-center rounded-frame text-ink-2 transition-colors hover:bg-sunk hover:text-ink disabled:opacity-50 ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
