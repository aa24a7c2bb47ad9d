import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { en } from "@/i18n/en";
import { bytes, number } from "@/lib/format";

type Known = keyof typeof en.problems;

function isKnown(code: string): code is Known {
  return Object.hasOwn(en.problems, code);
}

const QUOTAS = ["stored_bytes", "videos_in_flight", "minutes_today"] as const;

/** A function that says in the person's language what is wrong and what to do. */
export function useProblemText(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return (error) => {
    const { code, body } = asProblem(error);
    if (code === "quota_exceeded") {
      const quota = QUOTAS.find((one) => one === body.quota) ?? QUOTAS[0];
      const show = (value = 0) =>
        quota === "stored_bytes" ? bytes(value, i18n.language) : number(value, i18n.language);
      return t(`quota.${quota}`, { used: show(body.used), limit: show(body.limit) });
    }
    return isKnown(code) ? t(`problems.${code}`) : t("problems.internal_error");
  };
}
