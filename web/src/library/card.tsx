import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { memo, type PointerEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Video } from "@/api/client";
import { ago, bytes, clock, percent, pictureName } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Perforations } from "@/ui/perforations";
import { Spool } from "@/ui/spool";
import { Preview } from "./preview";

const WORKING = new Set<Video["state"]>(["uploading", "queued", "processing"]);

/** One video of the library: a frame of the contact sheet. */
export const Card = memo(function Card({
  video,
  now,
  selected,
  selecting,
  onSelect,
  uploaded,
}: {
  video: Video;
  now: number;
  selected: boolean;
  selecting: boolean;
  onSelect: (id: string, range: boolean) => void;
  /** Fraction that is uploaded, when this tab does it. */
  uploaded?: number | undefined;
}) {
  const { t } = useTranslation();
  return (
    <article
      data-video={video.id}
      data-state={video.state}
      className="group relative flex flex-col"
    >
      <Link
        to="/videos/$id"
        params={{ id: video.id }}
        className={`relative block aspect-video overflow-hidden rounded-md bg-film outline-offset-3 transition-shadow group-hover:shadow-lift ${selected ? "ring-3 ring-lamp" : "ring-1 ring-black/10"}`}
      >
        <span className="sr-only">{`${video.name}, ${t(`state.${video.state}`)}`}</span>
        <Picture video={video} />
        {WORKING.has(video.state) && <Working video={video} uploaded={uploaded} />}
        {video.state === "failed" && (
          <span className="absolute inset-x-0 bottom-0 flex items-center gap-2 bg-[#4a1710] px-3 py-2 text-sm font-semibold text-[#ffd9d1]">
            <TriangleAlert className="size-4" aria-hidden="true" /> {t("state.failed")}
          </span>
        )}
        {video.duration_s !== null && !WORKING.has(video.state) && video.state !== "failed" && (
          <span
            aria-hidden="true"
            className="edge absolute right-2 bottom-2 rounded-[3px] bg-film/85 px-1.5 py-0.5 text-[#f4eee3]"
          >
            {clock(video.duration_s)}
          </span>
        )}
      </Link>
      <label
        className={`absolute top-0 left-0 flex size-11 cursor-pointer items-center justify-center transition-opacity ${selecting || selected ? "" : "opacity-0 group-hover:opacity-100 focus-within:opacity-100 pointer-coarse:opacity-100"}`}
      >
        <input
          type="checkbox"
          aria-label={t("library.select", { name: video.name })}
          checked={selected}
          onChange={() => undefined}
          onClick={(event) => onSelect(video.id, event.shiftKey)}
          className="size-5 accent-lamp drop-shadow-[0_0_2px_rgb(0_0_0/0.8)]"
        />
      </label>
      <div className="pt-2.5">
        <h3 className="truncate leading-snug font-semibold" title={video.name}>
          {video.name}
        </h3>
        <Caption video={video} now={now} />
      </div>
    </article>
  );
});

function Picture({ video }: { video: Video }) {
  const box = useRef<HTMLDivElement>(null);
  const [fraction, setFraction] = useState<number | null>(null);
  const [broken, setBroken] = useState(false);
  const hover = (event: PointerEvent) => {
    if (event.pointerType === "touch" || !video.has_storyboard) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setFraction(Math.min(Math.max((event.clientX - left) / width, 0), 1));
  };
  return (
    <div
      ref={box}
      className="absolute inset-0"
      onPointerMove={hover}
      onPointerLeave={() => setFraction(null)}
    >
      {video.has_poster && !broken ? (
        <img
          src={`/api/videos/${video.id}/poster`}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setBroken(true)}
          className="size-full object-contain"
        />
      ) : (
        <div className="flex size-full items-center justify-center">
          <Spool
            rolled
            className={`size-12 text-[#2b241d] ${video.state === "processing" ? "animate-reel [animation-duration:6s]" : ""}`}
          />
        </div>
      )}
      {fraction !== null && box.current && (
        <Preview
          url={`/api/videos/${video.id}/storyboard.vtt`}
          fraction={fraction}
          width={box.current.clientWidth}
          height={box.current.clientHeight}
        />
      )}
    </div>
  );
}

function Working({ video, uploaded }: { video: Video; uploaded: number | undefined }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const uploading = video.state === "uploading";
  const value = uploading ? (uploaded ?? 0) : video.progress;
  const known = uploading ? uploaded !== undefined : video.state === "processing";
  return (
    <div className="absolute inset-x-0 bottom-0 bg-linear-to-t from-film via-film/85 to-film/0 px-3 pt-8 pb-2.5">
      <p
        aria-hidden="true"
        className="mb-2 flex items-baseline justify-between text-sm text-[#f4eee3]"
      >
        <span className="flex items-center gap-2 font-semibold">
          <span className="size-2 animate-lamp rounded-full bg-lamp" aria-hidden="true" />
          {video.playable && !uploading ? t("state.playable") : t(`state.${video.state}`)}
        </span>
        {known && <span className="edge text-film-ink">{percent(value, language)}</span>}
      </p>
      <Perforations value={value} label={t("library.progress", { name: video.name })} />
    </div>
  );
}

function Caption({ video, now }: { video: Video; now: number }) {
  const language = useLanguage();
  const { size_bytes: before, output_bytes: after } = video;
  return (
    <p className="edge mt-1 truncate text-ink-2">
      {ago(video.created_at, now, language)}
      {video.width !== null && video.height !== null && (
        <> · {pictureName(video.width, video.height)}</>
      )}
      {" · "}
      {bytes(before, language)}
      {after !== null && after < before && (
        <span className="text-good"> −{percent(1 - after / before, language)}</span>
      )}
    </p>
  );
}
