import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Overview } from "@/api/client";
import { historyQuery, meQuery, overviewQuery } from "@/api/queries";
import { ago, bytes, number, percent, span } from "@/lib/format";
import { useLanguage, useNow, useTitle } from "@/lib/hooks";
import { Failed, Loading } from "@/ui/states";
import { shortName } from "@/video/layout";
import { Bars } from "./chart";
import { DeadLetters } from "./dead-letters";
import { Users } from "./users";

/** For those who run Carrete: what waits, who works, what failed, who uses how much. */
export function OperatorPage() {
  const { t } = useTranslation();
  const { data: me } = useSuspenseQuery(meQuery);
  const { data, error, isPending, refetch } = useQuery({
    ...overviewQuery,
    enabled: me.role === "admin",
  });
  useTitle(t("operator.title"));
  if (me.role !== "admin") {
    return (
      <div className="py-20 text-center">
        <h1 className="title text-2xl">{t("errors.notFoundTitle")}</h1>
        <p className="mt-2 text-ink-2">{t("operator.notYours")}</p>
      </div>
    );
  }
  if (isPending) return <Loading />;
  if (!data) return <Failed error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <h1 className="title pt-8 text-3xl">{t("operator.title")}</h1>
      <Figures overview={data} />
      <Part title={t("operator.workers")}>
        <Workers overview={data} />
      </Part>
      <History />
      <Part title={t("operator.deadLetters")}>
        <DeadLetters />
      </Part>
      <Part title={t("operator.users")}>
        <Users />
      </Part>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-10" aria-label={title}>
      <h2 className="title mb-3 text-lg">{title}</h2>
      {children}
    </section>
  );
}

function Figures({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { queue, tasks, dead_letters: dead, workers } = overview;
  const age = (seconds: number | null) =>
    seconds === null
      ? t("operator.nobodyWaits")
      : t("operator.oldest", { time: span(seconds, language) });
  const figures: [string, number, string, boolean][] = [
    [t("operator.waiting"), queue.waiting, age(queue.oldest_age_s), false],
    [t("operator.pending"), tasks.pending, age(tasks.oldest_pending_s), false],
    [
      t("operator.running"),
      tasks.running,
      t("operator.inFlight", { count: queue.in_flight }),
      false,
    ],
    [
      t("operator.workersUp"),
      workers.length,
      t("operator.slots", { count: workers.reduce((sum, { slots }) => sum + slots, 0) }),
      workers.length === 0,
    ],
    [
      t("operator.deadLetters"),
      dead,
      dead > 0 ? t("operator.lookBelow") : t("operator.allWell"),
      dead > 0,
    ],
  ];
  return (
    <dl className="mt-6 grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-3 lg:grid-cols-5">
      {figures.map(([name, value, more, bad]) => (
        <div key={name} className="bg-raised p-4 last:max-sm:col-span-2">
          <dt className="text-sm text-ink-2">{name}</dt>
          <dd className={`title mt-1 text-4xl ${bad ? "text-bad" : ""}`}>
            {number(value, language)}
          </dd>
          <dd className="edge mt-1.5 text-ink-2">{more}</dd>
        </div>
      ))}
    </dl>
  );
}

function Workers({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow(5_000);
  if (overview.workers.length === 0) return <p className="text-bad">{t("operator.noWorkers")}</p>;
  return (
    <ul className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
      {overview.workers.map((worker) => (
        <li key={worker.name} className="rounded-lg bg-film p-4 text-[#f4eee3]">
          <div className="flex items-center gap-2">
            <span
              className={`size-2 rounded-full ${worker.tasks.length > 0 ? "animate-lamp bg-lamp" : "bg-[#6b5f52]"}`}
            />
            <strong className="min-w-0 flex-1 truncate font-semibold" title={worker.name}>
              {shortName(worker.name)}
            </strong>
            {worker.draining && (
              <span className="edge rounded-[3px] bg-white/10 px-1.5 py-0.5">
                {t("operator.draining")}
              </span>
            )}
          </div>
          <p className="edge mt-1 text-film-ink">
            {worker.host} · {worker.version} ·{" "}
            {t("operator.since", { when: ago(worker.started_at, now, language) })}
          </p>
          <ul className="mt-3 space-y-2">
            {worker.tasks.map((task) => (
              <li key={`${task.video_id} ${task.kind} ${task.index}`}>
                <div className="edge flex justify-between gap-3">
                  <span className="truncate">
                    {t(`task.${task.kind}`)} {task.index + 1}
                    {task.attempt > 1 && ` · ${t("map.attempt", { count: task.attempt })}`}
                    {task.speed !== null &&
                      ` · ${t("map.speed", { speed: number(task.speed, language, 1) })}`}
                  </span>
                  <span className="text-film-ink">{percent(task.progress, language)}</span>
                </div>
                <div className="mt-1 h-1 overflow-hidden rounded-full bg-[#3d352d]">
                  <div
                    className="h-full origin-left bg-lamp transition-transform duration-300"
                    style={{ transform: `scaleX(${task.progress})` }}
                  />
                </div>
              </li>
            ))}
            {worker.tasks.length === 0 && (
              <li className="edge text-film-ink">{t("operator.idle")}</li>
            )}
          </ul>
        </li>
      ))}
    </ul>
  );
}

const SPANS = { hour: 1, day: 24, week: 168 } as const;
type Span = keyof typeof SPANS;

function History() {
  const { t } = useTranslation();
  const language = useLanguage();
  const [chosen, setChosen] = useState<Span>("day");
  const hours = SPANS[chosen];
  const { data, error, refetch } = useQuery(historyQuery(hours));
  const buckets = data?.buckets ?? [];
  const time = new Intl.DateTimeFormat(
    language,
    hours > 24 ? { weekday: "short", hour: "numeric" } : { timeStyle: "short" },
  );
  const times = buckets.map(({ at }) => time.format(new Date(at)));
  const all = (pick: (bucket: (typeof buckets)[number]) => number) => buckets.map(pick);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const ready = all((bucket) => bucket.ready);
  const failed = all((bucket) => bucket.failed);
  const minutes = all((bucket) => bucket.source_seconds / 60);
  const into = all((bucket) => bucket.bytes_in);
  const out = all((bucket) => bucket.bytes_out);
  const lost = all((bucket) => bucket.tasks_lost);
  const plain = (value: number) => number(value, language);
  return (
    <Part title={t("operator.history")}>
      <fieldset className="mb-3 flex gap-1">
        <legend className="sr-only">{t("operator.span")}</legend>
        {(Object.keys(SPANS) as Span[]).map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={chosen === one}
            onClick={() => setChosen(one)}
            className={`rounded-frame px-3 py-1.5 text-sm font-semibold ${chosen === one ? "bg-ink text-paper" : "text-ink-2 hover:bg-sunk"}`}
          >
            {t(`operator.spans.${one}`)}
          </button>
        ))}
      </fieldset>
      {error && !data ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : (
        <div className="grid gap-3 md:grid-cols-2">
          <Bars
            title={t("operator.videos")}
            times={times}
            show={plain}
            total={plain(sum(ready) + sum(failed))}
            series={[
              { label: t("operator.ready"), color: "fill-good", values: ready },
              { label: t("operator.failed"), color: "fill-bad", values: failed },
            ]}
          />
          <Bars
            title={t("operator.minutes")}
            times={times}
            show={(value) => number(value, language, 1)}
            total={number(sum(minutes), language, 1)}
            series={[{ label: t("operator.minutes"), color: "fill-lamp", values: minutes }]}
          />
          <Bars
            title={t("operator.bytes")}
            times={times}
            show={(value) => bytes(value, language)}
            total={bytes(sum(into) + sum(out), language)}
            series={[
              { label: t("operator.in"), color: "fill-line-strong", values: into },
              { label: t("operator.out"), color: "fill-lamp", values: out },
            ]}
          />
          <Bars
            title={t("operator.lost")}
            times={times}
            show={plain}
            total={plain(sum(lost))}
            series={[{ label: t("operator.lost"), color: "fill-bad", values: lost }]}
          />
        </div>
      )}
    </Part>
  );
}
