import { beforeEach, expect, test } from "vitest";
import { ApiError, localProblem } from "../../src/api/errors.ts";
import { createResource, type Load } from "../../src/state/resource.ts";
import { recall } from "../../src/storage.ts";

const NOON = Date.parse("2026-11-26T12:00:00Z");
const OFFLINE = new ApiError(localProblem("OFFLINE", "No server."), "offline");

const giving =
  <Data>(data: Data): Load<Data> =>
  async () => ({ data, problems: [] });
const failing =
  (failure: ApiError): Load<never> =>
  async () => {
    throw failure;
  };

beforeEach(() => localStorage.clear());

test("a live change of one row makes the list no younger", async () => {
  let now = NOON;
  const list = createResource<string[]>({ now: () => now });
  await list.show("k", giving(["a", "b"]));
  now += 60_000;
  list.update(([a = "", ...rest]) => [`${a}!`, ...rest]);

  expect(list.view.value).toMatchObject({ at: NOON, data: ["a!", "b"] });
  list.save();
  expect(recall("k")).toEqual({ at: NOON, data: ["a!", "b"] });
});

test("whole data that came another way are as young as their coming", async () => {
  let now = NOON;
  const run = createResource<string>({ now: () => now });
  await run.show("k", giving("queued"));
  now += 60_000;
  run.set("running");

  expect(run.view.value).toMatchObject({ at: NOON + 60_000, data: "running" });
});

test("a list that only ticks is stale when the whole of it is old", async () => {
  let now = NOON;
  const list = createResource<number>({ now: () => now, staleAfter: 60_000 });
  await list.show("k", giving(1));
  now += 60_001;
  list.update((n) => n + 1);

  expect(list.view.value.notice).toBe("stale");
});

test("a longer range that can't be had leaves the shorter one that is there, and says that it is another", async () => {
  const series = createResource<string>({ keepPrevious: true });
  await series.show("EURUSD\n1M", giving("a month"));
  await series.show("EURUSD\n5Y", failing(OFFLINE));

  expect(series.view.value).toMatchObject({ data: "a month", current: false, notice: "offline" });
  await series.show("EURUSD\n5Y", giving("five years"));
  expect(series.view.value).toMatchObject({ data: "five years", current: true, notice: "none" });
});

test("started offline, another range of the same series is better than none; of another series it is not", async () => {
  await createResource<string>().show("EURUSD\n1Y from yesterday", giving("a year"));
  const series = createResource<string>({ keepPrevious: true });
  await series.show("EURUSD\n1Y from today", failing(OFFLINE));
  expect(series.view.value).toMatchObject({ data: "a year", current: false });

  await series.show("EURGBP\n1Y from today", failing(OFFLINE));
  expect(series.view.value).toMatchObject({ data: null, current: false });
});

test("the present does not stand in for the past", async () => {
  const series = createResource<string>({ keepPrevious: true });
  await series.show('["EURUSD",null]\n1Y', giving("now"));
  await series.show('["EURUSD","2020"]\n1Y', failing(OFFLINE));

  expect(series.view.value.data).toBeNull();
});

test("while the next key's data are on their way, the former's are not called what was asked for", async () => {
  const series = createResource<string>({ keepPrevious: true });
  await series.show("EURUSD\n1M", giving("a month"));
  void series.show("EURUSD\n5Y", () => new Promise(() => {}));

  expect(series.view.value).toMatchObject({ data: "a month", current: false, loading: true });
});
