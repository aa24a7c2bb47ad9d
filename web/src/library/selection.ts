import { useCallback, useRef, useState } from "react";

export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** Turn one on or off; with `range`, all from the last one that was touched. */
  readonly toggle: (id: string, range: boolean) => void;
  readonly clear: () => void;
  readonly all: () => void;
}

/** The ids between two of an ordered list, both included. Pure. */
export function between(order: readonly string[], from: string, to: string): readonly string[] {
  const a = order.indexOf(from);
  const b = order.indexOf(to);
  return a < 0 || b < 0 ? [to] : order.slice(Math.min(a, b), Math.max(a, b) + 1);
}

export function useSelection(order: readonly string[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const latest = useRef(order);
  latest.current = order;
  const toggle = useCallback((id: string, range: boolean) => {
    const from = last.current;
    last.current = id;
    setIds((old) => {
      const next = new Set(old);
      if (range && from) for (const one of between(latest.current, from, id)) next.add(one);
      else if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const clear = useCallback(() => setIds(new Set()), []);
  const all = useCallback(() => setIds(new Set(latest.current)), []);
  return { ids, toggle, clear, all };
}
