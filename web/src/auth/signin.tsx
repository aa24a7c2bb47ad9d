import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { SlidersHorizontal } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { asProblem } from "@/api/problem";
import { keys } from "@/api/queries";
import { useTitle } from "@/lib/hooks";
import { useAppearance } from "@/shell/appearance";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { useProblemText } from "@/ui/problems";
import { Spool, Wordmark } from "@/ui/spool";

const SHORTEST = 10;

/** Signing in, or making an account. */
export function SignIn({ mode }: { mode: "in" | "up" }) {
  const { t } = useTranslation();
  useTitle(t(mode === "in" ? "auth.signIn" : "auth.signUp"));
  return (
    <div className="grid min-h-dvh lg:grid-cols-[1.15fr_1fr]">
      <Poster />
      <div className="flex flex-col px-5 py-5 sm:px-10">
        <div className="flex items-center justify-between lg:justify-end">
          <span className="lg:hidden">
            <Wordmark />
          </span>
          <Menu
            label={t("shell.appearance")}
            className="inline-flex size-10 items-center justify-center rounded-full text-ink-2 hover:bg-sunk"
            button={<SlidersHorizontal className="size-5" aria-hidden="true" />}
            items={useAppearance()}
          />
        </div>
        <main className="m-auto w-full max-w-sm py-10">
          <Form key={mode} mode={mode} />
        </main>
      </div>
    </div>
  );
}

/** The reel, and what Carrete is, in one sentence. */
function Poster() {
  const { t } = useTranslation();
  return (
    <aside className="perforated relative hidden text-[#f4eee3] lg:block">
      <div className="absolute inset-x-0 inset-y-[19px] overflow-hidden">
        <Spool
          rolled
          className="absolute -right-44 -bottom-52 size-[46rem] animate-reel text-[#1f1913] [animation-duration:90s]"
        />
      </div>
      <div className="relative flex h-full flex-col justify-between p-14">
        <Wordmark />
        <div className="max-w-lg pb-6">
          <p className="title text-5xl leading-[1.05]">{t("auth.poster")}</p>
          <p className="mt-5 max-w-md text-film-ink">{t("auth.posterMore")}</p>
        </div>
      </div>
    </aside>
  );
}

function Form({ mode }: { mode: "in" | "up" }) {
  const { t } = useTranslation();
  const problem = useProblemText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false }) as { next?: string };
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const id = useId();
  const enter = useMutation({
    mutationFn: () =>
      take(
        api.POST(mode === "in" ? "/api/auth/login" : "/api/auth/register", {
          body: { email, password },
        }),
      ),
    onSuccess: async ({ account }) => {
      client.clear();
      client.setQueryData(keys.me, account);
      await navigate({ to: next ?? "/" });
    },
  });
  const code = enter.error ? asProblem(enter.error).code : null;

  function submit(event: FormEvent) {
    event.preventDefault();
    enter.mutate();
  }

  return (
    <>
      <h1 className="title text-3xl">{t(mode === "in" ? "auth.welcome" : "auth.begin")}</h1>
      <p className="mt-2 text-ink-2">{t(mode === "in" ? "auth.welcomeMore" : "auth.beginMore")}</p>
      <form onSubmit={submit} className="mt-8 space-y-5">
        <div>
          <label htmlFor={`${id}-email`} className="mb-1.5 block font-semibold">
            {t("auth.email")}
          </label>
          <input
            id={`${id}-email`}
            className="field"
            type="email"
            autoComplete="username"
            required
            maxLength={320}
            value={email}
            onChange={({ target }) => setEmail(target.value)}
          />
        </div>
        <div>
          <label htmlFor={`${id}-password`} className="mb-1.5 block font-semibold">
            {t("auth.password")}
          </label>
          <input
            id={`${id}-password`}
            className="field"
            type="password"
            autoComplete={mode === "in" ? "current-password" : "new-password"}
            required
            minLength={mode === "up" ? SHORTEST : 1}
            maxLength={256}
            aria-describedby={mode === "up" ? `${id}-hint` : undefined}
            aria-invalid={code === "wrong_credentials"}
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
          {mode === "up" && (
            <p id={`${id}-hint`} className="mt-1.5 text-sm text-ink-2">
              {t("auth.passwordHint", { count: SHORTEST })}
            </p>
          )}
        </div>
        {enter.error && (
          <p role="alert" className="rounded-frame bg-bad-soft px-3 py-2 text-sm text-bad">
            {problem(enter.error)}
          </p>
        )}
        <Button type="submit" look="primary" className="w-full" disabled={enter.isPending}>
          {t(mode === "in" ? "auth.signIn" : "auth.signUp")}
        </Button>
      </form>
      <p className="mt-6 text-ink-2">
        {t(mode === "in" ? "auth.noAccount" : "auth.haveAccount")}{" "}
        <Link
          to={mode === "in" ? "/signup" : "/signin"}
          search={next ? { next } : {}}
          className="font-semibold text-ink underline decoration-lamp decoration-2 underline-offset-4"
        >
          {t(mode === "in" ? "auth.signUp" : "auth.signIn")}
        </Link>
      </p>
    </>
  );
}
