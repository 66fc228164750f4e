import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";

const MOST = 15;
const CODE = /\.(ts|tsx|js)$/;

test("no folder holds more than fifteen code files of one level", () => {
  const crowded: string[] = [];
  for (const root of ["src", "tests", "scripts"]) {
    const inFolder = new Map<string, number>();
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !CODE.test(entry.name)) continue;
      inFolder.set(entry.parentPath, (inFolder.get(entry.parentPath) ?? 0) + 1);
    }
    expect(inFolder.size).toBeGreaterThan(0);
    for (const [folder, files] of inFolder) if (files > MOST) crowded.push(`${folder}: ${files}`);
  }

  expect(crowded).toEqual([]);
});

test("each page lists its panels in its own folder", () => {
  const pages = readdirSync("src/pages");

  expect(pages.length).toBeGreaterThan(0);
  expect(pages.filter((page) => !existsSync(`src/pages/${page}/panels.ts`))).toEqual([]);
});
