import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { CircleUser, LogOut, MonitorCog, Settings, Upload } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/api/client";
import { meQuery } from "@/api/queries";
import { useFollowing } from "@/live/live";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { useProblemText } from "@/ui/problems";
import { Wordmark } from "@/ui/spool";
import { say } from "@/ui/toast";
import { useUploading } from "@/upload/context";
import { UploadProvider } from "@/upload/provider";
import { useAppearance } from "./appearance";

/** What every page of somebody who is signed in has around it. */
export function Layout() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: me } = useSuspenseQuery(meQuery);
  const connection = useFollowing(me.id, client);
  useFocusOnArrival();
  return (
    <UploadProvider accountId={me.id}>
      <a
        href="#main"
        className="sr-only z-50 rounded-frame bg-ink px-4 py-2 text-paper focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("shell.skip")}
      </a>
      <Header admin={me.role === "admin"} email={me.email} />
      {connection === "lost" && (
        <p role="status" className="bg-lamp-soft px-4 py-1.5 text-center text-sm text-lamp-ink">
          {t("shell.lost")}
        </p>
      )}
      <main
        id="main"
        tabIndex={-1}
        className="mx-auto max-w-[90rem] px-4 pb-40 outline-none sm:px-6"
      >
        <Outlet />
      </main>
    </UploadProvider>
  );
}

/** After a change of page the keyboard and the screen reader begin at its content. */
function useFocusOnArrival(): void {
  const pathname = useRouterState({ select: ({ location }) => location.pathname });
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [pathname]);
}

const LINK =
  "rounded-frame px-2.5 py-1.5 text-sm font-semibold text-ink-2 transition-colors hover:text-ink data-[status=active]:text-ink data-[status=active]:underline data-[status=active]:decoration-lamp data-[status=active]:decoration-[3px] data-[status=active]:underline-offset-[7px]";

function Header({ admin, email }: { admin: boolean; email: string }) {
  const { t } = useTranslation();
  const { choose } = useUploading();
  return (
    <header className="sticky top-0 z-20 border-b border-line bg-paper/92 backdrop-blur-md">
      <div className="mx-auto flex h-15 max-w-[90rem] items-center gap-2 px-4 sm:gap-4 sm:px-6">
        <Link to="/" aria-label={t("shell.home")} className="flex rounded-frame">
          <Wordmark />
        </Link>
        <nav aria-label={t("shell.nav")} className="flex flex-1 items-center sm:ml-4">
          <Link
            to="/"
            className={`${LINK} hidden sm:block`}
            activeOptions={{ exact: true, includeSearch: false }}
          >
            {t("library.title")}
          </Link>
          {admin && (
            <Link to="/operator" className={`${LINK} hidden sm:block`}>
              {t("operator.title")}
            </Link>
          )}
        </nav>
        <Button look="lamp" onClick={choose}>
          <Upload className="size-4" aria-hidden="true" />
          {t("upload.button")}
        </Button>
        <AccountMenu admin={admin} email={email} />
      </div>
    </header>
  );
}

function AccountMenu({ admin, email }: { admin: boolean; email: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  return (
    <Menu
      label={t("shell.account", { email })}
      className="inline-flex size-10 items-center justify-center rounded-full text-ink-2 hover:bg-sunk hover:text-ink"
      button={<CircleUser className="size-6" aria-hidden="true" />}
      items={[
        ...(admin
          ? [
              {
                label: t("operator.title"),
                icon: <MonitorCog className="size-4" />,
                onSelect: () => void navigate({ to: "/operator" }),
              },
            ]
          : []),
        {
          label: t("account.title"),
          icon: <Settings className="size-4" />,
          onSelect: () => void navigate({ to: "/account" }),
        },
        "line",
        ...useAppearance(),
        "line",
        { label: t("shell.signOut"), icon: <LogOut className="size-4" />, onSelect: signOut },
      ]}
    />
  );
}

function useSignOut(): () => void {
  const navigate = useNavigate();
  const client = useQueryClient();
  const text = useProblemText();
  return () => {
    take(api.POST("/api/auth/logout")).then(
      async () => {
        await navigate({ to: "/signin" });
        client.clear();
      },
      (error) => say(text(error), { tone: "bad" }),
    );
  };
}
