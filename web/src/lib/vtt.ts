/** The storyboard: WebVTT cues that each point at a rectangle of one picture. Pure. */

export interface Tile {
  readonly start: number;
  readonly end: number;
  readonly url: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const TIMES = /^([\d:.]+)\s+-->\s+([\d:.]+)/;
const PLACE = /^(.*)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;

function seconds(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The cues of a storyboard that can be understood; others are left out. */
export function parseStoryboard(text: string, base: string): Tile[] {
  const tiles: Tile[] = [];
  const lines = text.split(/\r?\n/);
  for (const [place, line] of lines.entries()) {
    const times = TIMES.exec(line.trim());
    const target = PLACE.exec((lines[place + 1] ?? "").trim());
    if (!times || !target) continue;
    const [, url = "", x, y, width, height] = target;
    tiles.push({
      start: seconds(times[1] ?? ""),
      end: seconds(times[2] ?? ""),
      url: new URL(url, base).href,
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    });
  }
  return tiles;
}

/** The tile at a fraction (0 to 1) of the whole. */
export function tileAt(tiles: readonly Tile[], fraction: number): Tile | undefined {
  const index = Math.floor(Math.min(Math.max(fraction, 0), 0.9999) * tiles.length);
  return tiles[index];
}
