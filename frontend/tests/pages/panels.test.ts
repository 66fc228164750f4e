import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";

test("each page lists its panels in its own folder", () => {
  const pages = readdirSync("src/pages");

  expect(pages.length).toBeGreaterThan(0);
  expect(pages.filter((page) => !existsSync(`src/pages/${page}/panels.ts`))).toEqual([]);
});
