/** Bars over time, drawn as SVG: one series above another. */

export interface Series {
  readonly label: string;
  readonly color: string;
  readonly values: readonly number[];
}

const WIDTH = 600;
const HEIGHT = 120;

export function Bars({
  title,
  series,
  times,
  show,
  total,
}: {
  title: string;
  series: readonly Series[];
  times: readonly string[];
  show: (value: number) => string;
  total: string;
}) {
  const sums = times.map((_, place) =>
    series.reduce((sum, { values }) => sum + (values[place] ?? 0), 0),
  );
  const most = Math.max(...sums, 0);
  const step = WIDTH / Math.max(times.length, 1);
  return (
    <figure className="panel p-4 pb-3">
      <figcaption className="flex items-baseline justify-between gap-3">
        <span className="font-semibold">{title}</span>
        <span className="title text-xl">{total}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${total}`}
        className="mt-3 h-28 w-full"
      >
        <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="stroke-line" />
        {most > 0 &&
          times.map((time, place) => {
            let top = HEIGHT;
            return (
              <g key={time}>
                <title>{`${time} · ${show(sums[place] ?? 0)}`}</title>
                <rect
                  x={place * step}
                  width={step}
                  y={0}
                  height={HEIGHT}
                  className="fill-transparent"
                />
                {series.map(({ label, color, values }) => {
                  const height = ((values[place] ?? 0) / most) * (HEIGHT - 6);
                  top -= height;
                  return (
                    <rect
                      key={label}
                      x={place * step + step * 0.12}
                      width={step * 0.76}
                      y={top}
                      height={height}
                      className={color}
                    />
                  );
                })}
              </g>
            );
          })}
      </svg>
      <div className="edge mt-2 flex flex-wrap justify-between gap-x-4 text-ink-2">
        <span>{times[0]}</span>
        {series.length > 1 && (
          <span className="flex gap-3">
            {series.map(({ label, color }) => (
              <span key={label} className="inline-flex items-center gap-1.5">
                <svg viewBox="0 0 8 8" className="size-2" aria-hidden="true">
                  <rect width="8" height="8" className={color} />
                </svg>
                {label}
              </span>
            ))}
          </span>
        )}
        <span>{times.at(-1)}</span>
      </div>
    </figure>
  );
}
