import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkServer, heardAt, noteReachable, reachable, reconnections } from "../../src/api/reachability.ts";
import type { Load } from "../../src/state/resource.ts";
import { useResource } from "../../src/state/useQuery.ts";

const answered = async (): Promise<Response> => new Response("{}");
const refused = async (): Promise<Response> => Promise.reject(new TypeError("refused"));
/** A server that takes the request and never says anything. */
const hung = (_: unknown, init?: RequestInit): Promise<Response> =>
  new Promise((_resolve, reject) =>
    init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
  );

beforeEach(() => {
  vi.useFakeTimers();
  // Fake timers do not move the browser's own time limit.
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const limit = new AbortController();
    setTimeout(() => limit.abort(new DOMException("late", "TimeoutError")), ms);
    return limit.signal;
  });
});
afterEach(async () => {
  vi.stubGlobal("fetch", answered);
  await vi.advanceTimersByTimeAsync(60_000);
  noteReachable();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a server that takes requests and does not answer them is not reachable, from its last word on", async () => {
  vi.setSystemTime("2026-11-26T10:58:00Z");
  vi.stubGlobal("fetch", answered);
  await checkServer();
  expect(reachable.value).toBe(true);
  vi.stubGlobal("fetch", hung);
  void checkServer();
  await vi.advanceTimersByTimeAsync(7_999);
  expect(reachable.value).toBe(true);
  await vi.advanceTimersByTimeAsync(1);

  expect(reachable.value).toBe(false);
  expect(heardAt.value).toBe(Date.parse("2026-11-26T10:58:00Z"));
});

test("what answers in place of a server that is down is not the server", async () => {
  vi.stubGlobal("fetch", async () => new Response("<html>Bad gateway</html>", { status: 502 }));
  await checkServer();

  expect(reachable.value).toBe(false);
});

test("panels load anew when the server comes back, once", async () => {
  let loads = 0;
  const load: Load<number> = async () => {
    loads += 1;
    return { data: loads, problems: [] };
  };
  function Shows() {
    const resource = useResource("k", load);
    return <p>{resource.view.value.data}</p>;
  }
  const root = document.createElement("div");
  const pass = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
  await act(async () => render(<Shows />, root));
  await pass(1_000);
  expect(root.textContent).toBe("1");

  vi.stubGlobal("fetch", refused);
  await checkServer();
  await pass(30_000);
  expect(loads).toBe(1);
  const before = reconnections.value;
  vi.stubGlobal("fetch", answered);
  await pass(30_000);

  expect(reconnections.value).toBe(before + 1);
  expect(root.textContent).toBe("2");
  render(null, root);
});
