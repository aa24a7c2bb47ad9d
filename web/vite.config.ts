import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where a Carrete that runs answers, for `npm run dev`: `make up` says its address. */
const api = process.env.CARRETE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: ["chrome111", "firefox121", "safari16.4"],
    // A `data:` address would need more leave in the content security policy than a file does.
    assetsInlineLimit: 0,
    // The preload helper's inline style or script would need it as well; links are enough.
    modulePreload: { polyfill: false },
    // The player, which is loaded when there is something to play.
    chunkSizeWarningLimit: 800,
    manifest: true,
  },
  server: { proxy: { "/api": api } },
  preview: { proxy: { "/api": api } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
