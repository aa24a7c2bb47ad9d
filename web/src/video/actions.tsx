import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban, Download, Ellipsis, Pencil, RotateCw, Share2, Trash2 } from "lucide-react";
import { type FormEvent, lazy, Suspense, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Profile, take, type Video } from "@/api/client";
import { keys } from "@/api/queries";
import { patchEverywhere } from "@/live/live";
import { Button, buttonClass } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Menu, type MenuItem } from "@/ui/menu";
import { useProblemText } from "@/ui/problems";
import { say } from "@/ui/toast";

const ShareDialog = lazy(() => import("@/share/dialog"));

/** What can be done with a video, as far as its state allows. */
export function Actions({ video, onDelete }: { video: Video; onDelete: () => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<"rename" | "reprocess" | "share" | null>(null);
  const close = () => setOpen(null);
  const cancel = useChange(video, () =>
    take(api.POST("/api/videos/{video_id}/cancel", { params: { path: { video_id: video.id } } })),
  );
  const working = video.state === "queued" || video.state === "processing";
  const ended = video.state === "ready" || video.state === "failed" || video.state === "canceled";
  const item = (label: string, Icon: typeof Pencil, onSelect: () => void): MenuItem => ({
    label,
    icon: <Icon className="size-4" />,
    onSelect,
  });
  return (
    <div className="flex flex-wrap items-center gap-2">
      {video.output_bytes !== null && (
        <a
          className={buttonClass({ look: "primary" })}
          href={`/api/videos/${video.id}/download/processed`}
          download=""
        >
          <Download className="size-4" aria-hidden="true" /> {t("video.download")}
        </a>
      )}
      {video.playable && (
        <Button onClick={() => setOpen("share")}>
          <Share2 className="size-4" aria-hidden="true" /> {t("share.button")}
        </Button>
      )}
      {working && (
        <Button disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          <Ban className="size-4" aria-hidden="true" /> {t("video.cancel")}
        </Button>
      )}
      {video.state === "failed" && (
        <Button look="lamp" onClick={() => setOpen("reprocess")}>
          <RotateCw className="size-4" aria-hidden="true" /> {t("video.reprocess")}
        </Button>
      )}
      <Menu
        label={t("video.more")}
        className={buttonClass({ size: "square" })}
        button={<Ellipsis className="size-5" aria-hidden="true" />}
        items={[
          item(t("video.rename"), Pencil, () => setOpen("rename")),
          ...(ended ? [item(t("video.reprocess"), RotateCw, () => setOpen("reprocess"))] : []),
          ...(video.state === "uploading"
            ? []
            : [
                item(t("video.downloadOriginal"), Download, () => {
                  location.href = `/api/videos/${video.id}/download/original`;
                }),
              ]),
          "line",
          { ...item(t("common.delete"), Trash2, onDelete), danger: true },
        ]}
      />
      {open === "rename" && <Rename video={video} onClose={close} />}
      {open === "reprocess" && <Reprocess video={video} onClose={close} />}
      {open === "share" && (
        <Suspense>
          <ShareDialog video={video} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}

/** A change of a video whose answer is the video. */
function useChange<T = void>(
  video: Video,
  change: (value: T) => Promise<Video>,
  onDone: () => void = () => undefined,
) {
  const client = useQueryClient();
  const text = useProblemText();
  return useMutation({
    mutationFn: change,
    onSuccess: (changed) => {
      patchEverywhere(client, video.id, () => changed);
      void client.invalidateQueries({ queryKey: keys.map(video.id) });
      onDone();
    },
    onError: (error) => say(text(error), { tone: "bad" }),
  });
}

function Rename({ video, onClose }: { video: Video; onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [name, setName] = useState(video.name);
  const rename = useChange(
    video,
    () =>
      take(
        api.PATCH("/api/videos/{video_id}", {
          params: { path: { video_id: video.id } },
          body: { name },
        }),
      ),
    onClose,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name === video.name) onClose();
    else rename.mutate();
  };
  return (
    <Dialog title={t("video.rename")} onClose={onClose}>
      <form onSubmit={submit}>
        <label htmlFor={id} className="mb-1.5 block font-semibold">
          {t("video.name")}
        </label>
        <input
          id={id}
          className="field"
          required
          maxLength={1000}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <div className="mt-6 flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={rename.isPending || !name.trim()}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const PROFILES: readonly Profile[] = ["h264", "h264+av1"];

function Reprocess({ video, onClose }: { video: Video; onClose: () => void }) {
  const { t } = useTranslation();
  const [profile, setProfile] = useState<Profile>(video.profile);
  const again = useChange(
    video,
    () =>
      take(
        api.POST("/api/videos/{video_id}/reprocess", {
          params: { path: { video_id: video.id } },
          body: { profile },
        }),
      ),
    onClose,
  );
  return (
    <Dialog title={t("video.reprocess")} onClose={onClose}>
      <p className="text-ink-2">{t("video.reprocessMore")}</p>
      <fieldset className="mt-4 space-y-2">
        <legend className="sr-only">{t("video.codecs")}</legend>
        {PROFILES.map((one) => (
          <label
            key={one}
            className="flex cursor-pointer gap-3 rounded-lg border border-line bg-raised p-3 has-checked:border-lamp-ink"
          >
            <input
              type="radio"
              name="profile"
              className="mt-1 accent-lamp"
              checked={profile === one}
              onChange={() => setProfile(one)}
            />
            <span>
              <span className="block font-semibold">{t(`profile.${one}`)}</span>
              <span className="text-sm text-ink-2">{t(`profileMore.${one}`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="mt-6 flex justify-end gap-2">
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" disabled={again.isPending} onClick={() => again.mutate()}>
          {t("video.reprocess")}
        </Button>
      </div>
    </Dialog>
  );
}
