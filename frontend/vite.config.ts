import { defineConfig } from "vitest/config";
import { offlineShell } from "./scripts/offlineShell.ts";
import { packed } from "./scripts/packed.ts";

// `npm run dev` speaks to a server started apart; the built page is served by that server itself.
const backend = process.env.MKTDASH_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  plugins: [offlineShell(), packed()],
  build: {
    outDir: "dist",
    // The content policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/graphql": { target: backend, ws: true },
      "/api": backend,
    },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // Against waiting for ever only: a busy machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 120_000,
  },
});
