import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Download, Lock } from "lucide-react";
import { type FormEvent, lazy, Suspense, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type SharedVideo, take } from "@/api/client";
import { asProblem, atAddress } from "@/api/problem";
import { clock, pictureName } from "@/lib/format";
import { useTitle } from "@/lib/hooks";
import { Button, buttonClass } from "@/ui/button";
import { useProblemText } from "@/ui/problems";
import { Spool, Wordmark } from "@/ui/spool";
import { Empty, Failed, Loading } from "@/ui/states";

const Player = lazy(() => import("@/video/player"));

/** A video that is still being made is looked at again this often: no account, so no events. */
const AGAIN_MS = 4_000;

function useShared(token: string) {
  const [key, setKey] = useState<string | null>(null);
  const query = useQuery({
    queryKey: ["shared", token, key],
    queryFn: ({ signal }) =>
      atAddress(
        take(
          api.GET("/api/shared/{token}", {
            params: { path: { token }, query: key ? { key } : {} },
            signal,
          }),
        ),
      ),
    refetchInterval: ({ state }) =>
      state.data && !state.data.password_required && state.data.state !== "ready"
        ? AGAIN_MS
        : false,
  });
  return { ...query, key, setKey };
}

function useMedia(token: string, key: string | null, shared: SharedVideo | undefined) {
  const { has_poster: poster, has_storyboard: storyboard } = shared ?? {};
  return useMemo(() => {
    const at = (path: string) => `/api/shared/${token}/${path}${key ? `?key=${key}` : ""}`;
    return {
      playlist: at("hls/master.m3u8"),
      poster: poster ? at("poster") : null,
      storyboard: storyboard ? at("storyboard.vtt") : null,
      download: at("download"),
    };
  }, [token, key, poster, storyboard]);
}

/** A shared video's own page. */
export function SharedPage() {
  const { t } = useTranslation();
  const { token } = useParams({ from: "/s/$token" });
  const { data, error, isPending, key, setKey, refetch } = useShared(token);
  const media = useMedia(token, key, data);
  useTitle(data?.name ?? t("share.page"));
  return (
    <div className="mx-auto flex min-h-dvh max-w-6xl flex-col px-4 sm:px-6">
      <header className="py-4">
        <Wordmark />
      </header>
      <main className="flex-1 pb-10">
        {isPending ? (
          <Loading />
        ) : !data ? (
          asProblem(error).code === "not_found" ? (
            <Empty title={t("share.gone")}>{t("share.goneMore")}</Empty>
          ) : (
            <Failed error={error} onRetry={() => void refetch()} />
          )
        ) : data.password_required ? (
          <Unlock token={token} onKey={setKey} />
        ) : (
          <>
            <Stage shared={data} media={media} />
            <div className="mt-5 flex flex-wrap items-start justify-between gap-4">
              <div className="min-w-0">
                <h1 className="title text-2xl break-words sm:text-3xl">{data.name}</h1>
                <p className="edge mt-2 text-ink-2">
                  {[
                    data.duration_s != null && clock(data.duration_s),
                    data.width != null &&
                      data.height != null &&
                      pictureName(data.width, data.height),
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </p>
              </div>
              {data.allow_download && (
                <a className={buttonClass({ look: "primary" })} href={media.download} download="">
                  <Download className="size-4" aria-hidden="true" /> {t("video.download")}
                </a>
              )}
            </div>
          </>
        )}
      </main>
      <footer className="border-t border-line py-5 text-sm text-ink-2">{t("share.footer")}</footer>
    </div>
  );
}

/** A shared video inside somebody else's page. */
export function EmbeddedPage() {
  const { t } = useTranslation();
  const { token } = useParams({ from: "/embed/$token" });
  const { data, error, isPending, key, setKey } = useShared(token);
  const media = useMedia(token, key, data);
  useTitle(data?.name);
  return (
    <main className="min-h-dvh bg-film text-[#f4eee3]">
      {isPending ? (
        <Loading />
      ) : !data ? (
        <p role="alert" className="flex min-h-dvh items-center justify-center p-6 text-center">
          {asProblem(error).code === "not_found" ? t("share.gone") : t("problems.unreachable")}
        </p>
      ) : data.password_required ? (
        <div className="flex min-h-dvh items-center justify-center bg-paper p-4 text-ink">
          <Unlock token={token} onKey={setKey} />
        </div>
      ) : (
        <Stage shared={data} media={media} fill />
      )}
    </main>
  );
}

function Stage({
  shared,
  media,
  fill = false,
}: {
  shared: SharedVideo;
  media: ReturnType<typeof useMedia>;
  fill?: boolean;
}) {
  const { t } = useTranslation();
  if (!shared.playable) {
    return (
      <div className="perforated flex aspect-video w-full flex-col items-center justify-center rounded-lg text-[#f4eee3]">
        <Spool rolled className="size-16 animate-reel text-lamp [animation-duration:5s]" />
        <p className="mt-4">{t("share.notYet")}</p>
      </div>
    );
  }
  return (
    <Suspense fallback={<div className="aspect-video w-full rounded-lg bg-film" />}>
      <Player media={media} title={shared.name ?? ""} revision={shared.state ?? ""} fill={fill} />
    </Suspense>
  );
}

function Unlock({ token, onKey }: { token: string; onKey: (key: string) => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const id = useId();
  const [password, setPassword] = useState("");
  const unlock = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/shared/{token}/unlock", { params: { path: { token } }, body: { password } }),
      ),
    onSuccess: ({ key }) => onKey(key),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    unlock.mutate();
  };
  const wrong = unlock.error && asProblem(unlock.error).code === "wrong_credentials";
  return (
    <form onSubmit={submit} className="panel mx-auto mt-10 w-full max-w-sm p-6">
      <Lock className="size-7 text-lamp-ink" aria-hidden="true" />
      <h1 className="title mt-3 text-xl">{t("share.locked")}</h1>
      <label htmlFor={id} className="mt-4 mb-1.5 block text-sm font-semibold">
        {t("auth.password")}
      </label>
      <input
        id={id}
        className="field"
        type="password"
        required
        autoComplete="off"
        value={password}
        onChange={({ target }) => setPassword(target.value)}
      />
      {unlock.error && (
        <p role="alert" className="mt-2 text-sm text-bad">
          {wrong ? t("share.wrong") : text(unlock.error)}
        </p>
      )}
      <Button type="submit" look="primary" className="mt-5 w-full" disabled={unlock.isPending}>
        {t("share.open")}
      </Button>
    </form>
  );
}
