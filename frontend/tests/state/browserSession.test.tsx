import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionQuery } from "../../src/api/generated/operations.ts";
import { Shell } from "../../src/app/Shell.tsx";
import { browserSession } from "../../src/state/browserSession.ts";
import { keepPreference, readPreference, recall, remember } from "../../src/storage.ts";

let root: HTMLElement;
const gone = vi.fn();
const answered = vi.fn<typeof fetch>();

beforeEach(() => {
  localStorage.clear();
  gone.mockReset();
  answered.mockReset();
  vi.stubGlobal("fetch", answered);
  vi.stubGlobal("location", { ...location, assign: gone });
  root = document.createElement("div");
});
afterEach(() => {
  render(null, root);
  vi.unstubAllGlobals();
});

async function shownTo(bySession: boolean): Promise<HTMLButtonElement | null> {
  const viewer = { role: "VIEWER", name: "phone", canRead: true, bySession };
  const data = { viewer, serverInfo: { version: "1", codeSha: "abcdefg" } } as unknown as SessionQuery;
  await act(async () => {
    await browserSession.show("session", async () => ({ data, problems: [] }));
    render(<Shell>page</Shell>, root);
  });
  return root.querySelector(".log-out");
}

test("who has no session of this browser has none to end", async () => {
  expect(await shownTo(false)).toBeNull();
});

test("logging out ends the session at the server, forgets what was kept and begins anew", async () => {
  answered.mockResolvedValue(new Response(null, { status: 204 }));
  remember("watchlist", { at: 1, data: ["EURUSD"] });
  keepPreference("theme", "dark");
  const button = await shownTo(true);
  await act(async () => button?.click());
  await vi.waitFor(() => expect(gone).toHaveBeenCalledWith("/"));

  expect(answered.mock.calls[0]?.[0]).toBe("/api/logout");
  expect(answered.mock.calls[0]?.[1]?.method).toBe("POST");
  expect(recall("watchlist")).toBeNull();
  expect(readPreference("theme", "system", (kept): kept is string => typeof kept === "string")).toBe("dark");
});

test("a session that the server did not end is said to go on", async () => {
  answered.mockRejectedValue(new TypeError("no network"));
  remember("watchlist", { at: 1, data: ["EURUSD"] });
  const button = await shownTo(true);
  await act(async () => button?.click());

  await vi.waitFor(() => expect(button?.textContent).toContain("Still logged in"));
  expect(gone).not.toHaveBeenCalled();
  expect(recall("watchlist")).not.toBeNull();
});
