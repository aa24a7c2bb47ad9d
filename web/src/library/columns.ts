/** How the grid is divided. Pure. */

const NARROWEST = 250;

/** Pixels between two frames. */
export const GAP_X = 20;

/** How many frames fit side by side. */
export function columnsFor(width: number): number {
  return Math.max(1, Math.floor((width + GAP_X) / (NARROWEST + GAP_X)));
}
