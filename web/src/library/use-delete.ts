import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/ui/problems";
import { say } from "@/ui/toast";
import { throwAway } from "./trash";

/** Throw videos away and offer to take them back. */
export function useDelete(): (ids: readonly string[]) => void {
  const { t } = useTranslation();
  const client = useQueryClient();
  const text = useProblemText();
  return (ids) => {
    const undo = throwAway(client, ids, (error) => say(text(error), { tone: "bad" }));
    say(t("library.deleted", { count: ids.length }), {
      action: { label: t("common.undo"), run: undo },
    });
  };
}
