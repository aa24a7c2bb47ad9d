import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Code, Copy, Link2Off, Lock } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Share, take, type Video } from "@/api/client";
import { keys, sharesQuery } from "@/api/queries";
import { date } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { useProblemText } from "@/ui/problems";
import { say } from "@/ui/toast";
import { embedCode } from "./embed";

const HOUR_MS = 3_600_000;
const EXPIRIES = { never: null, day: 24, week: 168, month: 720 } as const;
type Expiry = keyof typeof EXPIRIES;

/** Links that play without an account: make, copy, take back. */
export default function ShareDialog({ video, onClose }: { video: Video; onClose: () => void }) {
  const { t } = useTranslation();
  const { data } = useQuery(sharesQuery(video.id));
  const shares = data?.items ?? [];
  return (
    <Dialog title={t("share.title")} onClose={onClose} wide>
      <NewShare video={video} />
      {shares.length > 0 && (
        <>
          <h3 className="title mt-7 mb-2 text-base">{t("share.links")}</h3>
          <ul className="divide-y divide-line border-y border-line">
            {shares.map((share) => (
              <ShareRow key={share.id} share={share} video={video} />
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}

function NewShare({ video }: { video: Video }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const text = useProblemText();
  const id = useId();
  const [expiry, setExpiry] = useState<Expiry>("never");
  const [password, setPassword] = useState("");
  const [allowDownload, setAllowDownload] = useState(false);
  const make = useMutation({
    mutationFn: () => {
      const hours = EXPIRIES[expiry];
      return take(
        api.POST("/api/videos/{video_id}/shares", {
          params: { path: { video_id: video.id } },
          body: {
            allow_download: allowDownload,
            ...(password ? { password } : {}),
            ...(hours ? { expires_at: new Date(Date.now() + hours * HOUR_MS).toISOString() } : {}),
          },
        }),
      );
    },
    onSuccess: async (share) => {
      await client.invalidateQueries({ queryKey: keys.shares(video.id) });
      await copy(absolute(share.path));
      say(t("share.madeAndCopied"));
      setPassword("");
    },
    onError: (error) => say(text(error), { tone: "bad" }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form onSubmit={submit}>
      <p className="text-ink-2">{t("share.about")}</p>
      <div className="mt-4 grid gap-4 sm:grid-cols-2">
        <div>
          <label htmlFor={`${id}-expiry`} className="mb-1.5 block text-sm font-semibold">
            {t("share.expiry")}
          </label>
          <select
            id={`${id}-expiry`}
            className="field"
            value={expiry}
            onChange={({ target }) => setExpiry(target.value as Expiry)}
          >
            {(Object.keys(EXPIRIES) as Expiry[]).map((one) => (
              <option key={one} value={one}>
                {t(`share.expiries.${one}`)}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label htmlFor={`${id}-password`} className="mb-1.5 block text-sm font-semibold">
            {t("share.password")}
          </label>
          <input
            id={`${id}-password`}
            className="field"
            type="text"
            autoComplete="off"
            minLength={4}
            maxLength={256}
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        </div>
      </div>
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3">
        <label className="flex items-center gap-2.5 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-lamp"
            checked={allowDownload}
            onChange={({ target }) => setAllowDownload(target.checked)}
          />
          {t("share.allowDownload")}
        </label>
        <Button type="submit" look="primary" disabled={make.isPending}>
          {t("share.make")}
        </Button>
      </div>
    </form>
  );
}

function ShareRow({ share, video }: { share: Share; video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const client = useQueryClient();
  const text = useProblemText();
  const url = absolute(share.path);
  const revoke = useMutation({
    mutationFn: () =>
      take(
        api.DELETE("/api/videos/{video_id}/shares/{share_id}", {
          params: { path: { video_id: video.id, share_id: share.id } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.shares(video.id) }),
    onError: (error) => say(text(error), { tone: "bad" }),
  });
  return (
    <li className="flex items-center gap-1 py-2.5">
      <div className="min-w-0 flex-1">
        <a
          href={url}
          target="_blank"
          rel="noreferrer"
          className="block truncate font-medium hover:underline"
        >
          {url.replace(/^https?:\/\//, "")}
        </a>
        <p className="edge flex flex-wrap items-center gap-x-2 text-ink-2">
          {share.has_password && (
            <span className="inline-flex items-center gap-1">
              <Lock className="size-3" aria-hidden="true" /> {t("share.protected")}
              <span aria-hidden="true" className="pl-1">
                ·
              </span>
            </span>
          )}
          <span>
            {share.expires_at
              ? t("share.until", { date: date(share.expires_at, language) })
              : t("share.forever")}
          </span>
          <span aria-hidden="true">·</span>
          <span>{t("share.views", { count: share.views })}</span>
        </p>
      </div>
      <CopyButton text={url} label={t("share.copy")} icon={Copy} />
      <CopyButton
        text={embedCode(absolute(share.embed_path), video)}
        label={t("share.embed")}
        icon={Code}
      />
      <IconButton
        label={t("share.revoke")}
        disabled={revoke.isPending}
        onClick={() => revoke.mutate()}
      >
        <Link2Off className="size-4" />
      </IconButton>
    </li>
  );
}

const SHOWN_MS = 2_000;

function CopyButton({
  text,
  label,
  icon: Icon,
}: {
  text: string;
  label: string;
  icon: typeof Copy;
}) {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      label={label}
      onClick={async () => {
        await copy(text);
        setCopied(true);
        setTimeout(() => setCopied(false), SHOWN_MS);
      }}
    >
      {copied ? <Check className="size-4 text-good" /> : <Icon className="size-4" />}
    </IconButton>
  );
}

function absolute(path: string): string {
  return new URL(path, location.origin).href;
}

async function copy(text: string): Promise<void> {
  // A page without leave for the clipboard still shows the link.
  await navigator.clipboard?.writeText(text).catch(() => undefined);
}
