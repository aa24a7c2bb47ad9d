import "media-chrome";
import { Gauge } from "lucide-react";
import {
  MediaControlBar,
  MediaController,
  MediaFullscreenButton,
  MediaLoadingIndicator,
  MediaMuteButton,
  MediaPipButton,
  MediaPlayButton,
  MediaPreviewThumbnail,
  MediaPreviewTimeDisplay,
  MediaTimeDisplay,
  MediaTimeRange,
  MediaVolumeRange,
} from "media-chrome/react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Menu } from "@/ui/menu";
import { NOTHING, Stream } from "./hls";
import "./player.css";
import { speakPlayer } from "./player-language";

/** Where a video's playlist, poster and storyboard are. */
export interface Media {
  readonly playlist: string;
  readonly poster: string | null;
  readonly storyboard: string | null;
}

interface PlayerProps {
  readonly media: Media;
  readonly title: string;
  /** Changes when the video has changed on the server. */
  readonly revision: string;
  readonly fill?: boolean;
}

/** The player, made anew for another playlist or language. */
export default function Player(props: PlayerProps) {
  const { i18n } = useTranslation();
  speakPlayer(i18n.language);
  return <Screen key={`${i18n.language} ${props.media.playlist}`} {...props} />;
}

function Screen({ media, title, revision, fill = false }: PlayerProps) {
  const { t, i18n } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const stream = useRef<Stream | null>(null);
  const [state, setState] = useState(NOTHING);

  useEffect(() => {
    if (!video.current) return;
    const made = new Stream(video.current, media.playlist, setState);
    stream.current = made;
    return () => made.destroy();
  }, [media.playlist]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the revision says when to look again
  useEffect(() => {
    void stream.current?.refresh();
  }, [revision]);

  const shown = state.qualities.find(({ index }) => index === state.shown)?.label;
  const auto = shown ? t("player.autoNow", { quality: shown }) : t("player.auto");
  return (
    <MediaController
      aria-label={title}
      lang={i18n.language}
      hotkeys="noarrowup noarrowdown"
      className={`carrete-player ${fill ? "fill" : ""}`}
      {...{ keyboardforwardseekoffset: 5, keyboardbackwardseekoffset: 5 }}
    >
      <video
        ref={video}
        slot="media"
        playsInline
        crossOrigin="anonymous"
        preload="metadata"
        {...(media.poster ? { poster: media.poster } : {})}
      >
        {media.storyboard && (
          <track label="thumbnails" default kind="metadata" src={media.storyboard} />
        )}
      </video>
      <MediaLoadingIndicator slot="centered-chrome" noAutohide />
      {state.failed && (
        <div slot="top-chrome" role="alert" className="player-failed">
          {t("player.failed")}
          <button type="button" onClick={() => stream.current?.reload()}>
            {t("common.tryAgain")}
          </button>
        </div>
      )}
      <MediaControlBar>
        <MediaTimeRange>
          <MediaPreviewThumbnail slot="preview" />
          <MediaPreviewTimeDisplay slot="preview" />
        </MediaTimeRange>
      </MediaControlBar>
      <MediaControlBar>
        <MediaPlayButton />
        <MediaMuteButton />
        <MediaVolumeRange />
        <MediaTimeDisplay showDuration />
        <span className="player-space" />
        {state.qualities.length > 0 && (
          <Menu
            label={`${t("player.quality")}: ${state.chosen < 0 ? t("player.auto") : shown}`}
            up
            className="player-quality"
            button={
              <>
                <Gauge className="size-4.5" aria-hidden="true" />
                <span>{state.chosen < 0 ? t("player.auto") : shown}</span>
              </>
            }
            items={[
              {
                label: auto,
                checked: state.chosen < 0,
                onSelect: () => stream.current?.choose(-1),
              },
              ...state.qualities.map(({ index, label }) => ({
                label,
                checked: state.chosen === index,
                onSelect: () => stream.current?.choose(index),
              })),
            ]}
          />
        )}
        <MediaPipButton />
        <MediaFullscreenButton />
      </MediaControlBar>
    </MediaController>
  );
}
