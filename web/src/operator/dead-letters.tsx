import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { deadLettersQuery, overviewQuery } from "@/api/queries";
import { date } from "@/lib/format";
import { useLanguage } from "@/lib/hooks";
import { Button } from "@/ui/button";
import { useProblemText } from "@/ui/problems";
import { Failed, Loading } from "@/ui/states";
import { say } from "@/ui/toast";

/** Tasks that were given up on, and the way to try them again. */
export function DeadLetters() {
  const { t } = useTranslation();
  const language = useLanguage();
  const text = useProblemText();
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(deadLettersQuery);
  const redrive = useMutation({
    mutationFn: () => take(api.POST("/api/admin/dead-letters/redrive")),
    onSuccess: ({ moved }) => {
      say(t("operator.redriven", { count: moved }));
      void client.invalidateQueries({ queryKey: deadLettersQuery.queryKey });
      void client.invalidateQueries({ queryKey: overviewQuery.queryKey });
    },
    onError: (problem) => say(text(problem), { tone: "bad" }),
  });
  if (isPending) return <Loading />;
  if (!data) return <Failed error={error} onRetry={() => void refetch()} />;
  if (data.items.length === 0) return <p className="text-ink-2">{t("operator.noDeadLetters")}</p>;
  return (
    <>
      <ul className="panel divide-y divide-line">
        {data.items.map((letter) => (
          <li
            key={letter.message_id}
            className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-3"
          >
            <strong className="font-semibold">
              {letter.kind ?? "?"} · {letter.failure ?? "?"}
            </strong>
            <span className="text-sm text-ink-2">{letter.owner_email}</span>
            {letter.at && (
              <span className="edge ml-auto text-ink-2">{date(letter.at, language)}</span>
            )}
            {letter.detail && <p className="edge w-full break-words text-ink-2">{letter.detail}</p>}
          </li>
        ))}
      </ul>
      <Button className="mt-3" disabled={redrive.isPending} onClick={() => redrive.mutate()}>
        <RotateCw className="size-4" aria-hidden="true" /> {t("operator.redrive")}
      </Button>
    </>
  );
}
