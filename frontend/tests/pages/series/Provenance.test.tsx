import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Provenance } from "../../../src/pages/series/Provenance.tsx";
import { SERIES, seriesView } from "../../factories/series.ts";

let asked: unknown[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (_: string, { body }: { body: string }) => {
    asked.push(JSON.parse(body).variables);
    return Response.json({ data: { provenance: null } });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function shown(view: ReturnType<typeof seriesView>): Promise<string> {
  const root = document.createElement("div");
  await act(async () => render(<Provenance {...view} />, root));
  return root.textContent ?? "";
}

test("a series without a value has nothing to trace, and nothing is asked", async () => {
  const view = seriesView();
  view.series.set({ ...SERIES, latest: null });

  expect(await shown(view)).toContain("No value yet.");
  expect(asked).toEqual([]);
});

test("the latest value is traced until a point is chosen, of the series that the server chose", async () => {
  const named = { symbol: "SIM.A", dataset: "sim", measure: "price", interval: "1s", asKnownAt: null };
  const view = seriesView();
  view.series.set(SERIES);

  await shown(view);
  await shown({ ...view, chosen: "2026-11-26T12:00:00Z" });

  expect(asked).toEqual([
    { ...named, asOf: "2026-11-26T12:00:01Z" },
    { ...named, asOf: "2026-11-26T12:00:00Z" },
  ]);
});
