import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { sessionLost } from "./api/client";
import { createQueryClient } from "./api/queries";
import "./app.css";
import { startLanguages } from "./i18n";
import { applyTheme, storedTheme } from "./lib/theme";
import { createAppRouter } from "./router";
import { Toasts } from "./ui/toast";

async function start(): Promise<void> {
  applyTheme(storedTheme());
  await startLanguages();
  const client = createQueryClient();
  const router = createAppRouter(client);
  sessionLost.addEventListener("lost", () => {
    const { pathname, href } = router.state.location;
    if (pathname === "/signin" || pathname === "/signup") return;
    client.clear();
    void router.navigate({ to: "/signin", search: href === "/" ? {} : { next: href } });
  });
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Toasts />
      </QueryClientProvider>
    </StrictMode>,
  );
}

void start();
