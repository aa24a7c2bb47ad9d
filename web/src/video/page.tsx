import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Video, VideoMap } from "@/api/client";
import { mapQuery, videoQuery } from "@/api/queries";
import { ago, bytes, clock, date, number, percent, pictureName } from "@/lib/format";
import { useLanguage, useNow, useTitle } from "@/lib/hooks";
import { useHidden } from "@/library/trash";
import { useDelete } from "@/library/use-delete";
import { Perforations } from "@/ui/perforations";
import { Spool } from "@/ui/spool";
import { Empty, Failed, Loading } from "@/ui/states";
import { Actions } from "./actions";
import { ChunkMap } from "./map";
import { RenditionTable } from "./renditions";
import { Timeline } from "./timeline";

const Player = lazy(() => import("./player"));

/** One video: to watch, to follow, to hand on. */
export function VideoPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/app/videos/$id" });
  const { data: video, error, isPending, refetch } = useQuery(videoQuery(id));
  const hidden = useHidden();
  const navigate = useNavigate();
  const remove = useDelete();
  useTitle(video?.name);
  if (isPending) return <Loading />;
  if (hidden.has(id)) {
    return (
      <Empty title={t("video.gone")} action={<BackLink />}>
        {t("video.goneMore")}
      </Empty>
    );
  }
  if (!video) return <Failed error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <div className="pt-4 pb-3">
        <BackLink />
      </div>
      <div className="grid gap-x-8 gap-y-6 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0">
          <Stage video={video} />
          <div className="mt-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
            <div className="min-w-0 flex-1 basis-72">
              <h1 className="title text-2xl break-words sm:text-3xl">{video.name}</h1>
              <Facts video={video} />
            </div>
            <Actions
              video={video}
              onDelete={() => {
                remove([video.id]);
                void navigate({ to: "/" });
              }}
            />
          </div>
          <Section title={t("map.title")} hint={t("map.about")}>
            <ChunkMap video={video} />
          </Section>
          {video.output_bytes !== null && (
            <Section title={t("renditions.title")}>
              <RenditionTable video={video} />
            </Section>
          )}
        </div>
        <aside className="min-w-0 space-y-6">
          <About video={video} />
          <section aria-labelledby="timeline">
            <h2 id="timeline" className="title mb-3 text-lg">
              {t("timeline.title")}
            </h2>
            <Timeline videoId={video.id} />
          </section>
        </aside>
      </div>
    </>
  );
}

function BackLink() {
  const { t } = useTranslation();
  return (
    <Link
      to="/"
      className="inline-flex items-center gap-1.5 rounded-frame py-1 text-sm font-semibold text-ink-2 hover:text-ink"
    >
      <ArrowLeft className="size-4" aria-hidden="true" /> {t("library.title")}
    </Link>
  );
}

function Section({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: string;
  children: React.ReactNode;
}) {
  return (
    <section className="mt-9" aria-label={title}>
      <h2 className="title mb-1 text-lg">{title}</h2>
      {hint && <p className="mb-3 max-w-2xl text-sm text-ink-2">{hint}</p>}
      {children}
    </section>
  );
}

/** Renditions of which something is there. */
function begunIn({ cells }: VideoMap): number {
  return new Set(cells.map(({ rendition }) => rendition)).size;
}

/** The player once there is something to play; until then what is being waited for. */
function Stage({ video }: { video: Video }) {
  const { data: begun = 0 } = useQuery({ ...mapQuery(video.id), select: begunIn });
  const base = `/api/videos/${video.id}`;
  const { has_poster: poster, has_storyboard: storyboard } = video;
  const media = useMemo(
    () => ({
      playlist: `${base}/hls/master.m3u8`,
      poster: poster ? `${base}/poster` : null,
      storyboard: storyboard ? `${base}/storyboard.vtt` : null,
    }),
    [base, poster, storyboard],
  );
  return (
    <div>
      {video.playable ? (
        <Suspense fallback={<Screen />}>
          <Player
            media={media}
            title={video.name}
            revision={`${video.state} ${video.finished_at} ${begun}`}
          />
        </Suspense>
      ) : (
        <Screen>
          {video.state === "failed" ? <Failure video={video} /> : <Waiting video={video} />}
        </Screen>
      )}
      {video.playable && video.state !== "ready" && <Strip video={video} />}
    </div>
  );
}

function Screen({ children }: { children?: React.ReactNode }) {
  return (
    <div className="perforated flex aspect-video max-h-[74dvh] w-full items-center justify-center overflow-hidden rounded-lg px-4 py-6 text-[#f4eee3]">
      {children}
    </div>
  );
}

function Waiting({ video }: { video: Video }) {
  const { t } = useTranslation();
  const working = video.state === "processing" || video.state === "queued";
  return (
    <div className="w-full max-w-sm text-center">
      <Spool
        rolled
        className={`mx-auto size-16 text-lamp ${working ? "animate-reel [animation-duration:5s]" : "opacity-60"}`}
      />
      <p className="title mt-5 text-xl">{t(`state.${video.state}`)}</p>
      <p className="mt-1 text-sm text-film-ink">{t(`stateMore.${video.state}`)}</p>
      {working && (
        <Perforations
          className="mt-5"
          value={video.progress}
          label={t("library.progress", { name: video.name })}
        />
      )}
    </div>
  );
}

function Failure({ video }: { video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div role="alert" className="max-w-lg text-center" data-failure={video.failure?.code}>
      <p className="title text-2xl text-[#ff9a8b]">{t("state.failed")}</p>
      <p className="mt-3 text-base sm:text-lg">
        {video.failure?.message[language === "es" ? "es" : "en"] ?? t("problems.internal_error")}
      </p>
      <p className="edge mt-4 text-film-ink">{video.failure?.code}</p>
    </div>
  );
}

/** Under the player, while the rest is still being made. */
function Strip({ video }: { video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <div className="mt-2 flex items-center gap-4 rounded-lg bg-film px-4 py-2.5 text-[#f4eee3]">
      <span className="flex items-center gap-2 text-sm font-semibold whitespace-nowrap">
        <span className="size-2 animate-lamp rounded-full bg-lamp" aria-hidden="true" />
        {t("state.playable")}
      </span>
      <Perforations
        className="flex-1"
        count={36}
        value={video.progress}
        label={t("library.progress", { name: video.name })}
      />
      <span className="edge text-film-ink">{percent(video.progress, language)}</span>
    </div>
  );
}

function Facts({ video }: { video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  const facts = [
    t(`state.${video.state}`),
    video.duration_s !== null && clock(video.duration_s),
    video.width !== null && video.height !== null && pictureName(video.width, video.height),
    ago(video.created_at, now, language),
  ].filter(Boolean);
  return <p className="edge mt-2 text-ink-2">{facts.join(" · ")}</p>;
}

function About({ video }: { video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { size_bytes: before, output_bytes: after } = video;
  const made =
    video.finished_at && video.started_at && video.state === "ready"
      ? (Date.parse(video.finished_at) - Date.parse(video.started_at)) / 1000
      : null;
  const rows: [string, string | null][] = [
    [t("video.original"), bytes(before, language)],
    [
      t("video.picture"),
      video.width === null || video.height === null
        ? null
        : `${video.width} × ${video.height}${video.frame_rate === null ? "" : ` · ${number(video.frame_rate, language, 2)} fps`}`,
    ],
    [
      t("video.codecs"),
      video.video_codec && [video.video_codec, video.audio_codec].filter(Boolean).join(" + "),
    ],
    [t("video.processed"), after === null ? null : bytes(after, language)],
    [
      t("video.made"),
      made === null ? null : t("video.madeIn", { time: number(made, language, 1) }),
    ],
    [t("video.uploaded"), date(video.created_at, language)],
  ];
  return (
    <section aria-label={t("video.about")} className="panel p-5">
      {after !== null && after < before && (
        <p className="mb-4 border-b border-line pb-4">
          <span className="title block text-4xl text-good">
            {percent(1 - after / before, language)}
          </span>
          <span className="text-sm text-ink-2">
            {t("video.saved", { size: bytes(before - after, language) })}
          </span>
        </p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2 text-sm">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name} className="contents">
                <dt className="text-ink-2">{name}</dt>
                <dd className="text-right font-medium">{value}</dd>
              </div>
            ),
        )}
      </dl>
      {video.warnings.length > 0 && (
        <ul className="mt-4 space-y-1 border-t border-line pt-3 text-sm text-ink-2">
          {video.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
