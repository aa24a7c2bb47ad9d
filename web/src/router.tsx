import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { asProblem } from "./api/problem";
import { meQuery } from "./api/queries";
import { readSearch } from "./library/views";
import { Empty, Failed, Loading } from "./ui/states";

interface Context {
  readonly client: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

function NotFound() {
  const { t } = useTranslation();
  return <Empty title={t("errors.notFoundTitle")}>{t("problems.not_found")}</Empty>;
}

/** Only a path of our own: an address from elsewhere must not be able to send people away. */
function ownPath(value: unknown): string | undefined {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : undefined;
}

function readNext(raw: Record<string, unknown>): { next?: string } {
  const next = ownPath(raw.next);
  return next ? { next } : {};
}

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(meQuery);
    } catch (error) {
      if (asProblem(error).code !== "unauthenticated") throw error;
      throw redirect({
        to: "/signin",
        search: location.href === "/" ? {} : { next: location.href },
      });
    }
  },
  component: lazyRouteComponent(() => import("./shell/layout"), "Layout"),
});

const library = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./library/page"), "LibraryPage"),
});

const video = createRoute({
  getParentRoute: () => app,
  path: "/videos/$id",
  component: lazyRouteComponent(() => import("./video/page"), "VideoPage"),
});

const account = createRoute({
  getParentRoute: () => app,
  path: "/account",
  component: lazyRouteComponent(() => import("./account/page"), "AccountPage"),
});

const operator = createRoute({
  getParentRoute: () => app,
  path: "/operator",
  component: lazyRouteComponent(() => import("./operator/page"), "OperatorPage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: readNext,
  component: lazyRouteComponent(() => import("./auth/pages"), "SignInPage"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/signup",
  validateSearch: readNext,
  component: lazyRouteComponent(() => import("./auth/pages"), "SignUpPage"),
});

const shared = createRoute({
  getParentRoute: () => root,
  path: "/s/$token",
  component: lazyRouteComponent(() => import("./share/page"), "SharedPage"),
});

const embedded = createRoute({
  getParentRoute: () => root,
  path: "/embed/$token",
  component: lazyRouteComponent(() => import("./share/page"), "EmbeddedPage"),
});

const tree = root.addChildren([
  app.addChildren([library, video, account, operator]),
  signIn,
  signUp,
  shared,
  embedded,
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failed error={error} onRetry={reset} />,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
