import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

/** The page's title while the component is there. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Carrete` : "Carrete";
  }, [title]);
}

/** The language in which numbers and dates are written. */
export function useLanguage(): string {
  return useTranslation().i18n.language;
}

/** The time, again every so often, for words such as "3 minutes ago". */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** A value once it has stood still for a while. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
