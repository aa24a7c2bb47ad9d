import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MonitorSmartphone } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take, type UserSession } from "@/api/client";
import { asProblem } from "@/api/problem";
import { meQuery, sessionsQuery, usageQuery } from "@/api/queries";
import { ago, bytes, day, number } from "@/lib/format";
import { useLanguage, useNow, useTitle } from "@/lib/hooks";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { useProblemText } from "@/ui/problems";
import { Failed, Loading } from "@/ui/states";
import { say } from "@/ui/toast";
import { deviceName } from "./device";
import { Meter } from "./meter";

const SHORTEST = 10;
const LONGEST = 256;

/** One's own account. */
export function AccountPage() {
  const { t } = useTranslation();
  const language = useLanguage();
  const { data: me } = useSuspenseQuery(meQuery);
  useTitle(t("account.title"));
  return (
    <div className="mx-auto max-w-3xl pt-8">
      <h1 className="title text-3xl">{t("account.title")}</h1>
      <p className="mt-1 text-ink-2">
        {t("account.since", { email: me.email, date: day(me.created_at, language) })}
      </p>
      <Block title={t("account.usage")}>
        <Usage />
      </Block>
      <Block title={t("account.password")}>
        <Password />
      </Block>
      <Block title={t("account.sessions")}>
        <Sessions />
      </Block>
      <Block title={t("account.delete")}>
        <Delete />
      </Block>
    </div>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section
      className="mt-8 border-t border-line pt-6 sm:grid sm:grid-cols-[11rem_1fr] sm:gap-6"
      aria-label={title}
    >
      <h2 className="title mb-3 text-lg sm:mb-0">{title}</h2>
      <div className="min-w-0">{children}</div>
    </section>
  );
}

function Usage() {
  const { t } = useTranslation();
  const language = useLanguage();
  const { data, error, isPending, refetch } = useQuery(usageQuery);
  if (isPending) return <Loading />;
  if (!data) return <Failed error={error} onRetry={() => void refetch()} />;
  const size = (value: number) => bytes(value, language);
  const plain = (value: number) => number(value, language);
  return (
    <div className="space-y-4">
      <Meter label={t("usage.stored_bytes")} meter={data.stored_bytes} show={size} />
      <Meter label={t("usage.videos_in_flight")} meter={data.videos_in_flight} show={plain} />
      <Meter label={t("usage.minutes_today")} meter={data.minutes_today} show={plain} />
    </div>
  );
}

function Password() {
  const { t } = useTranslation();
  const text = useProblemText();
  const id = useId();
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/me/password", { body: { current_password: current, new_password: fresh } }),
      ),
    onSuccess: () => {
      setCurrent("");
      setFresh("");
      say(t("account.passwordChanged"));
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
  });
  const wrong = change.error && asProblem(change.error).code === "wrong_credentials";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      <div>
        <label htmlFor={`${id}-now`} className="mb-1.5 block text-sm font-semibold">
          {t("account.currentPassword")}
        </label>
        <input
          id={`${id}-now`}
          className="field"
          type="password"
          autoComplete="current-password"
          required
          maxLength={LONGEST}
          aria-invalid={wrong || undefined}
          value={current}
          onChange={({ target }) => setCurrent(target.value)}
        />
      </div>
      <div>
        <label htmlFor={`${id}-new`} className="mb-1.5 block text-sm font-semibold">
          {t("account.newPassword")}
        </label>
        <input
          id={`${id}-new`}
          className="field"
          type="password"
          autoComplete="new-password"
          required
          minLength={SHORTEST}
          maxLength={LONGEST}
          aria-describedby={`${id}-hint`}
          value={fresh}
          onChange={({ target }) => setFresh(target.value)}
        />
        <p id={`${id}-hint`} className="mt-1.5 text-sm text-ink-2">
          {t("account.passwordHint", { count: SHORTEST })}
        </p>
      </div>
      {change.error && (
        <p role="alert" className="text-sm text-bad">
          {wrong ? t("account.wrongPassword") : text(change.error)}
        </p>
      )}
      <Button type="submit" disabled={change.isPending}>
        {t("account.changePassword")}
      </Button>
    </form>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const text = useProblemText();
  const { data, error, isPending, refetch } = useQuery(sessionsQuery);
  const end = useMutation({
    mutationFn: (id: string | null) =>
      id === null
        ? take(api.DELETE("/api/me/sessions"))
        : take(
            api.DELETE("/api/me/sessions/{session_id}", { params: { path: { session_id: id } } }),
          ),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
    onError: (problem) => say(text(problem), { tone: "bad" }),
  });
  if (isPending) return <Loading />;
  if (!data) return <Failed error={error} onRetry={() => void refetch()} />;
  return (
    <>
      <ul className="divide-y divide-line">
        {data.items.map((session) => (
          <Session key={session.id} session={session} onEnd={() => end.mutate(session.id)} />
        ))}
      </ul>
      {data.items.length > 1 && (
        <Button
          className="mt-3"
          size="small"
          disabled={end.isPending}
          onClick={() => end.mutate(null)}
        >
          {t("account.endOthers")}
        </Button>
      )}
    </>
  );
}

function Session({ session, onEnd }: { session: UserSession; onEnd: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const now = useNow();
  return (
    <li className="flex items-center gap-3 py-3 first:pt-0">
      <MonitorSmartphone className="size-5 shrink-0 text-ink-2" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium" title={session.label}>
          {deviceName(session.label) || t("account.unknownDevice")}
        </p>
        <p className="edge text-ink-2">
          {session.current
            ? t("account.thisDevice")
            : t("account.seen", { when: ago(session.seen_at, now, language) })}
        </p>
      </div>
      {!session.current && (
        <Button size="small" onClick={onEnd}>
          {t("account.end")}
        </Button>
      )}
    </li>
  );
}

function Delete() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <p className="text-ink-2">{t("account.deleteMore")}</p>
      <Button look="danger" className="mt-4" onClick={() => setAsking(true)}>
        {t("account.deleteButton")}
      </Button>
      {asking && <ReallyDelete onClose={() => setAsking(false)} />}
    </>
  );
}

function ReallyDelete({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const id = useId();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [password, setPassword] = useState("");
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/me", { body: { password } })),
    onSuccess: async () => {
      await navigate({ to: "/signin" });
      client.clear();
      say(t("account.deleted"));
    },
  });
  const wrong = remove.error && asProblem(remove.error).code === "wrong_credentials";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <Dialog title={t("account.deleteTitle")} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="text-ink-2">{t("account.deleteSure")}</p>
        <label htmlFor={id} className="mt-4 mb-1.5 block text-sm font-semibold">
          {t("account.currentPassword")}
        </label>
        <input
          id={id}
          className="field"
          type="password"
          autoComplete="current-password"
          required
          maxLength={LONGEST}
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
        {remove.error && (
          <p role="alert" className="mt-2 text-sm text-bad">
            {wrong ? t("account.wrongPassword") : text(remove.error)}
          </p>
        )}
        <div className="mt-6 flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="danger" disabled={remove.isPending}>
            {t("account.deleteButton")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
