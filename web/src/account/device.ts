/** What a session is called. Pure. */

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** "Firefox · Linux" of a browser's long name for itself; other programs are left as they are. */
export function deviceName(label: string): string {
  const browser = BROWSERS.find(([known]) => known.test(label))?.[1];
  const system = SYSTEMS.find(([known]) => known.test(label))?.[1];
  return browser ? [browser, system].filter(Boolean).join(" · ") : label;
}
