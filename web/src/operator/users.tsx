import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AdminUser, api, type Quota, take } from "@/api/client";
import { usersQuery } from "@/api/queries";
import { bytes, number } from "@/lib/format";
import { useLanguage, useSettled } from "@/lib/hooks";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { useProblemText } from "@/ui/problems";
import { Failed, Loading } from "@/ui/states";

const GB = 1e9;
const SETTLE_MS = 250;

/** Everybody with what they use and may use. */
export function Users() {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const q = useSettled(typed, SETTLE_MS);
  const query = useInfiniteQuery(usersQuery(q));
  const users = query.data?.pages.flatMap((page) => page.items) ?? [];
  const head = "edge py-2.5 pr-4 text-left font-normal text-ink-2 whitespace-nowrap";
  return (
    <>
      <input
        type="search"
        className="field mb-3 max-w-sm"
        aria-label={t("operator.searchUsers")}
        placeholder={t("operator.searchUsers")}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      {query.isPending ? (
        <Loading />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
          tabIndex={0}
          aria-label={t("operator.users")}
          className="panel relative overflow-x-auto px-4"
        >
          <table className="w-full text-sm">
            <thead>
              <tr className="border-b border-line">
                <th className={head}>{t("auth.email")}</th>
                <th className={`${head} text-right`}>{t("operator.userVideos")}</th>
                <th className={`${head} text-right`}>{t("usage.stored_bytes")}</th>
                <th className={`${head} text-right`}>{t("usage.minutes_today")}</th>
                <th className={`${head} pr-0`}>
                  <span className="sr-only">{t("operator.quota")}</span>
                </th>
              </tr>
            </thead>
            <tbody className="divide-y divide-line tabular-nums">
              {users.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {query.hasNextPage && (
        <Button
          className="mt-3"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t("operator.more")}
        </Button>
      )}
    </>
  );
}

function Row({ user }: { user: AdminUser }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const of = (used: string, limit: string | null) => (limit === null ? used : `${used} / ${limit}`);
  const { stored_bytes: stored = null, minutes_per_day: minutes = null } = user.quota;
  const cell = "py-2.5 pr-4 whitespace-nowrap";
  return (
    <tr>
      <td className={cell}>
        <span className="font-medium">{user.email}</span>
        {user.role === "admin" && (
          <span className="edge ml-2 rounded-[3px] bg-lamp-soft px-1.5 py-0.5 text-lamp-ink">
            {t("operator.admin")}
          </span>
        )}
      </td>
      <td className={`${cell} text-right`}>{number(user.videos, language)}</td>
      <td className={`${cell} text-right`}>
        {of(bytes(user.stored_bytes, language), stored === null ? null : bytes(stored, language))}
      </td>
      <td className={`${cell} text-right`}>
        {of(
          number(user.minutes_today, language, 1),
          minutes === null ? null : number(minutes, language),
        )}
      </td>
      <td className="py-1 text-right">
        <IconButton
          label={t("operator.editQuota", { email: user.email })}
          onClick={() => setOpen(true)}
        >
          <Pencil className="size-4" />
        </IconButton>
        {open && <QuotaDialog user={user} onClose={() => setOpen(false)} />}
      </td>
    </tr>
  );
}

function QuotaDialog({ user, onClose }: { user: AdminUser; onClose: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const client = useQueryClient();
  const [stored, setStored] = useState(
    user.quota.stored_bytes == null ? "" : String(user.quota.stored_bytes / GB),
  );
  const [videos, setVideos] = useState(String(user.quota.videos_in_flight ?? ""));
  const [minutes, setMinutes] = useState(String(user.quota.minutes_per_day ?? ""));
  const save = useMutation({
    mutationFn: () => {
      const quota: Quota = {
        stored_bytes: stored === "" ? null : Math.round(Number(stored) * GB),
        videos_in_flight: videos === "" ? null : Math.round(Number(videos)),
        minutes_per_day: minutes === "" ? null : Math.round(Number(minutes)),
      };
      return take(
        api.PATCH("/api/admin/users/{user_id}", {
          params: { path: { user_id: user.id } },
          body: { quota },
        }),
      );
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["users"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title={t("operator.quota")} onClose={onClose}>
      <form onSubmit={submit} className="text-left whitespace-normal">
        <p className="text-ink-2">{t("operator.quotaMore", { email: user.email })}</p>
        <div className="mt-4 space-y-4">
          <Limit label={`${t("usage.stored_bytes")} (GB)`} value={stored} onChange={setStored} />
          <Limit label={t("usage.videos_in_flight")} value={videos} onChange={setVideos} />
          <Limit label={t("operator.minutesPerDay")} value={minutes} onChange={setMinutes} />
        </div>
        {save.error && (
          <p role="alert" className="mt-3 text-sm text-bad">
            {text(save.error)}
          </p>
        )}
        <div className="mt-6 flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Limit({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-semibold">
        {label}
      </label>
      <input
        id={id}
        className="field"
        type="number"
        min={0}
        step="any"
        placeholder={t("operator.usualLimit")}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  );
}
