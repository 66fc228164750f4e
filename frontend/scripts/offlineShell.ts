// Adds sw.js to the build: the service worker with the list of files that make up the page, so that a reload
// without a network still shows it. Its text changes with every build, which is what makes browsers renew it.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const SOURCE = new URL("../src/sw.js", import.meta.url);

export function offlineShell(): Plugin {
  return {
    name: "offline-shell",
    apply: "build",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
      const shell = ["/", "/icon.svg", "/manifest.webmanifest", ...files.sort().map((name) => `/${name}`)];
      const source = readFileSync(SOURCE, "utf8");
      const version = createHash("sha256").update(source).update(shell.join()).digest("hex").slice(0, 12);
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: source.replace("__VERSION__", version).replace('["__SHELL__"]', JSON.stringify(shell)),
      });
    },
  };
}
