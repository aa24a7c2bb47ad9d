import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { timelineQuery } from "@/api/queries";
import { timeOfDay } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Loading } from "@/ui/states";
import { tellStory } from "./story";

const DOTS = {
  plain: "bg-line-strong",
  good: "bg-good",
  bad: "bg-bad",
  lamp: "bg-lamp",
} as const;

/** What happened to a video, from its upload on. */
export function Timeline({ videoId }: { videoId: string }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { data, isPending } = useQuery(timelineQuery(videoId));
  const lines = useMemo(() => (data ? tellStory(data.items) : []), [data]);
  if (isPending) return <Loading />;
  return (
    <ol className="relative space-y-3.5 before:absolute before:inset-y-2 before:left-[3.5px] before:w-px before:bg-line">
      {lines.map((line) => (
        <li key={line.key} className="relative flex gap-3 pl-5">
          <span
            className={`absolute top-[7px] left-0 size-2 rounded-full ring-4 ring-paper ${DOTS[line.tone]}`}
          />
          <span className="flex-1 text-sm">
            {t(`timeline.${line.told}`, { name: line.name, count: line.count, index: line.index })}
          </span>
          <time dateTime={line.at} className="edge pt-0.5 text-ink-2">
            {timeOfDay(line.at, language)}
          </time>
        </li>
      ))}
    </ol>
  );
}
