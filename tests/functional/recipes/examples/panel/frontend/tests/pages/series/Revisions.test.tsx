import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { PANELS } from "../../../src/pages/series/panels.ts";
import { Revisions } from "../../../src/pages/series/Revisions.tsx";
import { seriesView } from "../../factories/series.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

async function shown(symbol: string, nodes: unknown[]): Promise<string> {
  const answer = { revisions: { totalCount: nodes.length, edges: nodes.map((node) => ({ node })) } };
  vi.stubGlobal("fetch", async () => Response.json({ data: answer }));
  const view = seriesView({ decimals: 2 });
  const root = document.createElement("div");
  await act(async () => render(<Revisions {...view} name={{ ...view.name, symbol }} />, root));
  await vi.waitFor(() => expect(root.textContent).not.toContain("Loading"), 60_000);
  return root.textContent ?? "";
}

test("each change says what it was, what it is and since when", async () => {
  const known = { asOf: "2026-11-02T13:15:00Z", supersededAt: "2026-11-03T13:15:00Z" };

  const text = await shown("CHANGED", [
    { ...known, oldValue: 1.5, newValue: 1.25 },
    { ...known, asOf: "2026-10-30T13:15:00Z", oldValue: 2, newValue: null },
  ]);

  expect(text).toContain("1.50 became 1.25");
  expect(text).toContain("2.00 became nothing");
});

test("a series that never changed says so", async () => {
  expect(await shown("SAME", [])).toContain("No value has been changed.");
});

test("the page of a series has the panel", () => {
  expect(PANELS).toHaveProperty("revisions");
});
