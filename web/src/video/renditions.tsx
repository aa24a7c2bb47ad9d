import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Video } from "@/api/client";
import { renditionsQuery } from "@/api/queries";
import { bitRate, bytes, number, percent, pictureName } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Failed, Loading } from "@/ui/states";

const CODECS: Readonly<Record<string, string>> = { h264: "H.264", av1: "AV1" };

/** What was made, beside what it was made of. */
export function RenditionTable({ video }: { video: Video }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { data, error, isPending, refetch } = useQuery(renditionsQuery(video.id));
  if (isPending) return <Loading />;
  if (!data) return <Failed error={error} onRetry={() => void refetch()} />;
  const { original } = data;
  const head = "edge py-2.5 pr-4 text-left font-normal text-ink-2 whitespace-nowrap";
  const cell = "py-2.5 pr-4 whitespace-nowrap";
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
      tabIndex={0}
      aria-label={t("renditions.title")}
      className="panel relative overflow-x-auto px-4"
    >
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b border-line">
            <th className={head}>{t("renditions.version")}</th>
            <th className={head}>{t("renditions.codec")}</th>
            <th className={`${head} text-right`}>{t("renditions.size")}</th>
            <th className={`${head} text-right`}>{t("renditions.rate")}</th>
            <th className={`${head} text-right`}>VMAF</th>
            <th className="edge py-2.5 text-right font-normal whitespace-nowrap text-ink-2">
              {t("renditions.saved")}
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line tabular-nums">
          <tr className="text-ink-2">
            <th className={`${cell} text-left font-medium`}>{t("video.original")}</th>
            <td className={cell}>{video.video_codec}</td>
            <td className={`${cell} text-right`}>{bytes(original.size_bytes, language)}</td>
            <td className={`${cell} text-right`}>
              {original.average_bps !== null && bitRate(original.average_bps, language)}
            </td>
            <td />
            <td />
          </tr>
          {data.items.map((item) => (
            <tr key={item.name}>
              <th className={`${cell} text-left font-semibold`}>
                {pictureName(item.width, item.height)}
                {item.copied && (
                  <span className="edge ml-2 rounded-[3px] bg-sunk px-1.5 py-0.5 font-normal text-ink-2">
                    {t("renditions.copied")}
                  </span>
                )}
              </th>
              <td className={cell}>{CODECS[item.codec] ?? item.codec}</td>
              <td className={`${cell} text-right`}>{bytes(item.size_bytes, language)}</td>
              <td className={`${cell} text-right`}>{bitRate(item.average_bps, language)}</td>
              <td className={`${cell} text-right`}>
                {item.vmaf === null ? "–" : number(item.vmaf, language, 1)}
              </td>
              <td className="py-2.5 text-right whitespace-nowrap text-good">
                {item.size_bytes < original.size_bytes &&
                  percent(1 - item.size_bytes / original.size_bytes, language)}
              </td>
            </tr>
          ))}
          {data.audio && (
            <tr>
              <th className={`${cell} text-left font-semibold`}>{t("map.sound")}</th>
              <td className={cell}>{data.audio.codec.toUpperCase()}</td>
              <td className={`${cell} text-right`}>{bytes(data.audio.size_bytes, language)}</td>
              <td className={`${cell} text-right`}>{bitRate(data.audio.average_bps, language)}</td>
              <td />
              <td />
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}
