import { defineConfig } from "vite";
import { packed } from "./scripts/packed.ts";
import { withoutFonts } from "./scripts/withoutFonts.ts";

// A build of its own: nothing of GraphiQL is in the dashboard's files, its budget or its offline shell.
export default defineConfig({
  base: "/",
  plugins: [withoutFonts(), packed()],
  publicDir: false,
  build: {
    outDir: "dist",
    assetsDir: "assets/graphiql",
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // It is loaded by people at a desk, once.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: "graphiql.html",
      onLog(level, log, report) {
        // Its packages mark their modules for servers of React, of which there is none here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
});
