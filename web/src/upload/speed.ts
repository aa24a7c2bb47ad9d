/** How fast bytes go, over the last seconds. Pure but for what it is told. */

const WINDOW_MS = 6_000;
const LEAST_MS = 500;

export class Speed {
  private samples: [at: number, done: number][] = [];

  /** So many bytes are done at this time (milliseconds). */
  tell(done: number, at: number): void {
    const last = this.samples.at(-1);
    // A part that is sent again takes bytes back: what was measured says nothing any more.
    if (last && done < last[1]) this.samples = [];
    this.samples.push([at, done]);
    while (this.samples.length > 2 && at - (this.samples[0]?.[0] ?? at) > WINDOW_MS) {
      this.samples.shift();
    }
  }

  /** Bytes per second, or nothing when it is too early to say. */
  get value(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last[0] - first[0] < LEAST_MS) return null;
    return ((last[1] - first[1]) * 1000) / (last[0] - first[0]);
  }

  forget(): void {
    this.samples = [];
  }
}
