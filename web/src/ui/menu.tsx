import { Check } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";

export interface MenuItem {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** Given for items of which one is chosen. */
  readonly checked?: boolean;
}

/** A button with a menu: arrows move, Escape and a click elsewhere close (WAI-ARIA menu button). */
export function Menu({
  label,
  button,
  items,
  className,
  side = "right",
  up = false,
}: {
  label: string;
  button: ReactNode;
  items: readonly (MenuItem | "line")[];
  className: string;
  side?: "left" | "right";
  /** Opens above its button. */
  up?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = useCallback(() => setOpen(false), []);

  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role^=menuitem]:not(:disabled)")?.focus();
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open, close]);

  function onKeyDown(event: KeyboardEvent) {
    if (!open) return;
    const found = box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)");
    const all = [...(found ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const go = (place: number) => all.at(place % all.length)?.focus();
    const moves = new Map([
      ["ArrowDown", () => go(at + 1)],
      ["ArrowUp", () => go(at - 1)],
      ["Home", () => go(0)],
      ["End", () => go(-1)],
      ["Tab", close],
      [
        "Escape",
        () => {
          close();
          trigger.current?.focus();
        },
      ],
    ]);
    const move = moves.get(event.key);
    if (!move) return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
    move();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the menu inside
    <div ref={box} className="relative" onKeyDown={onKeyDown}>
      <button
        ref={trigger}
        type="button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        title={label}
        className={className}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div
          id={id}
          role="menu"
          aria-label={label}
          className={`absolute z-40 min-w-52 text-ink ${up ? "bottom-full mb-1.5" : "top-full mt-1.5"} animate-rise rounded-lg border border-line bg-raised p-1 shadow-lift ${side === "right" ? "right-0" : "left-0"}`}
        >
          {items.map((item, place) =>
            item === "line" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
              <hr key={place} className="my-1 border-line" />
            ) : (
              // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role depends on the item
              <button
                key={item.label}
                type="button"
                role={item.checked === undefined ? "menuitem" : "menuitemradio"}
                aria-checked={item.checked}
                tabIndex={-1}
                disabled={item.disabled}
                onClick={() => {
                  close();
                  trigger.current?.focus();
                  item.onSelect();
                }}
                className={`flex w-full items-center gap-2.5 rounded-frame px-2.5 py-2 text-left text-sm focus:bg-sunk focus:outline-none hover:bg-sunk disabled:opacity-45 ${item.danger ? "text-bad" : ""}`}
              >
                {item.icon}
                <span className="flex-1 truncate">{item.label}</span>
                {item.checked && <Check className="size-4 text-lamp-ink" />}
              </button>
            ),
          )}
        </div>
      )}
    </div>
  );
}
