import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, localProblem, type Problem } from "../../src/api/errors.ts";
import { connected, noteReachable, noteUnreachable } from "../../src/api/reachability.ts";
import { Panel } from "../../src/components/Panel.tsx";
import { createResource, type Load, type Resource } from "../../src/state/resource.ts";
import { recall } from "../../src/storage.ts";

const NOON = Date.parse("2026-10-30T12:00:00Z");
let root: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  noteReachable();
  root = document.createElement("div");
});
afterEach(() => {
  render(null, root);
  noteReachable();
  vi.useRealTimers();
});

function resource(now = NOON): Resource<string[]> {
  return createResource<string[]>({ now: () => now, staleAfter: 60_000 });
}

const good: Load<string[]> = async () => ({ data: ["EURUSD"], problems: [] });
const failing =
  (problem: Problem, kind?: "offline"): Load<string[]> =>
  async () => {
    throw new ApiError(problem, ...(kind ? [kind] : []));
  };
const OFFLINE = failing(localProblem("OFFLINE", "The server cannot be reached."), "offline");

async function shown(of: Resource<string[]>, load?: Load<string[]>, key = "k"): Promise<string> {
  await act(async () => {
    if (load) await of.show(key, load);
    render(
      <Panel title="Things" of={of} isEmpty={(list) => list.length === 0} empty="Nothing yet.">
        {(list) => <p>{list.join()}</p>}
      </Panel>,
      root,
    );
  });
  return root.textContent ?? "";
}

test("loading is a skeleton that says what it is", async () => {
  const of = resource();
  void of.show("k", () => new Promise(() => {}));

  expect(await shown(of)).toContain("Loading Things");
  expect(root.querySelector("section")?.getAttribute("aria-busy")).toBe("true");
});

test("data are shown, and an empty answer in its own words", async () => {
  expect(await shown(resource(), good)).toContain("EURUSD");
  expect(await shown(resource(), async () => ({ data: [], problems: [] }))).toContain("Nothing yet.");
});

test("an error shows its message, code and request, and a retry that works", async () => {
  const of = resource();
  const problem = localProblem("INTERNAL", "It broke.", { requestId: "r1" });
  let load: Load<string[]> = failing(problem);
  const text = await shown(of, (signal) => load(signal));

  expect(text).toContain("It broke.");
  expect(text).toContain("INTERNAL · request r1");
  expect(root.querySelector("[role=alert]")).not.toBeNull();

  load = good;
  await act(async () => root.querySelector("button")?.click());
  expect(root.textContent).toContain("EURUSD");
});

test("what does not exist offers a way on instead of a retry", async () => {
  const text = await shown(
    resource(),
    failing(localProblem("UNKNOWN_SYMBOL", "no instrument is called 'X'")),
  );

  expect(text).toContain("Not found");
  expect(root.querySelector("button")).toBeNull();
});

test("offline, what the device kept is shown with its time", async () => {
  await shown(resource(), good);

  const text = await shown(resource(NOON + 5_000), OFFLINE);

  expect(text).toContain("EURUSD");
  expect(text).toContain("No answer: data from 2026-10-30 12:00 UTC");
});

test("offline with nothing kept says so and is not blank", async () => {
  expect(await shown(resource(), OFFLINE)).toContain("no data of this panel are saved");
});

test("data that cannot be renewed are stale, and stay", async () => {
  const of = resource();
  await shown(of, good);

  const text = await shown(of, failing(localProblem("TIMEOUT", "Too slow.")));

  expect(text).toContain("EURUSD");
  expect(text).toMatch(/Stale: data from 2026-10-30 12:00 UTC. Too slow\. TIMEOUT/);
});

test("an answer with errors beside data is partly missing, and is not kept", async () => {
  const problem = localProblem("UNAVAILABLE", "no quality just now", { requestId: "r2" });

  const text = await shown(resource(), async () => ({ data: ["EURUSD"], problems: [problem] }));

  expect(text).toContain("EURUSD");
  expect(text).toContain("Partly missing: no quality just now");
  expect(recall("k")).toBeNull();
});

test("forbidden shows how to get in, and forgets what the device kept", async () => {
  await shown(resource(), good);

  const text = await shown(resource(), failing(localProblem("UNAUTHENTICATED", "reading needs a token")));

  expect(text).toContain("Not allowed");
  expect(text).not.toContain("EURUSD");
  expect(recall("k")).toBeNull();
});

test("losing the server turns shown data into data of their time, and says whose silence it is", async () => {
  const of = resource();
  await shown(of, good);

  await act(async () => noteUnreachable());

  expect(root.textContent).toContain("No answer: data from");
  await act(async () => {
    connected.value = false;
  });
  expect(root.textContent).toContain("Offline: data from");
  connected.value = true;
});

test("former data stay for the next key, but never under its error", async () => {
  const of = createResource<string[]>({ keepPrevious: true, now: () => NOON });
  await of.show("1Y", good);
  const waiting = of.show("5Y", async () => {
    expect(of.view.value.data).toEqual(["EURUSD"]);
    throw new ApiError(localProblem("BAD_INPUT", "no"));
  });
  await waiting;

  expect(of.view.value).toMatchObject({ data: null, notice: "error" });
});

test("a renewal waits for the answer under way and then asks once more", async () => {
  const of = resource();
  let asked = 0;
  let give: () => void = () => {};
  const first = of.show("k", () => {
    asked += 1;
    return new Promise((resolve) => {
      give = () => resolve({ data: [String(asked)], problems: [] });
    });
  });

  of.invalidate();
  of.invalidate();
  expect(asked).toBe(1);
  give();
  await first;

  expect(of.view.value.data).toEqual(["1"]);
  expect(asked).toBe(2);
});

test("an answer that comes after the next question is left aside", async () => {
  const of = resource();
  let late: (value: { data: string[]; problems: [] }) => void = () => {};
  const first = of.show("a", () => new Promise((resolve) => (late = resolve)));
  await of.show("b", async () => ({ data: ["B"], problems: [] }));

  late({ data: ["A"], problems: [] });
  await first;

  expect(of.view.value.data).toEqual(["B"]);
});
