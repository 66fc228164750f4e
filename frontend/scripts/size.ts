// Fails when the JavaScript that the page needs before its first chart grows over the budget, in brotli bytes.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET = 30_000;
const DIST = new URL("../dist/", import.meta.url);

const html = readFileSync(new URL("index.html", DIST), "utf8");
const scripts = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1] ?? "");
const seen = new Set<string>();

/** A script and all that it imports statically. */
function need(name: string): void {
  if (seen.has(name)) return;
  seen.add(name);
  const code = readFileSync(new URL(name, DIST), "utf8");
  for (const [, path] of code.matchAll(/(?:^|[;}])import(?:[^("';]*from)?["']\.\/([^"']+)["']/g))
    need(`assets/${path}`);
}

scripts.forEach(need);
let total = 0;
for (const name of seen) {
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  const size = brotliCompressSync(readFileSync(new URL(name, DIST)), options).length;
  total += size;
  console.log(`${String(size).padStart(7)}  ${name}`);
}
console.log(`${String(total).padStart(7)}  in all, of ${BUDGET} allowed`);
if (seen.size === 0 || total > BUDGET) {
  console.error(
    seen.size === 0
      ? "No script found in dist/index.html."
      : "The page's first JavaScript is over its budget.",
  );
  process.exit(1);
}
