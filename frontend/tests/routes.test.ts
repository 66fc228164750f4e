import { afterEach, expect, test } from "vitest";
import { go, readRoute, reportPath, route, seriesPath, watchAddress } from "../src/routes.ts";

const at = (path: string) => readRoute(new URL(path, "http://localhost"));

afterEach(() => go("/"));

test("each path means one page", () => {
  expect(at("/")).toEqual({ page: "watchlist" });
  expect(at("/quality/")).toEqual({ page: "quality" });
  expect(at("/reports")).toEqual({ page: "reports" });
  expect(at("/reports/abc")).toEqual({ page: "report", id: "abc" });
  expect(at("/series/EURUSD?source=ecb")).toEqual({
    page: "series",
    symbol: "EURUSD",
    source: "ecb",
    dataset: null,
    measure: null,
    interval: null,
    asKnownAt: null,
  });
});

test.each(["/series", "/nothing", "/quality/x", "/series/A/B", "/series/%E0%A4%A"])(
  "%s is unknown",
  (path) => {
    expect(at(path).page).toBe("unknown");
  },
);

test("a symbol of any letters survives the way there and back", () => {
  const name = { symbol: "BRK/B ü.X", source: "a&b", dataset: "d", asKnownAt: "2026-01-01T00:00:00Z" };

  expect(at(seriesPath(name))).toMatchObject({ page: "series", ...name });
  expect(at(reportPath("a/b"))).toEqual({ page: "report", id: "a/b" });
});

test("parts that are not set do not stand in the address", () => {
  expect(seriesPath({ symbol: "EURUSD", source: null, interval: undefined })).toBe("/series/EURUSD");
});

test("links of the page are followed without a load, others are left to the browser", () => {
  watchAddress();
  document.body.innerHTML = `<a id="in" href="/quality"><b>q</b></a><a id="api" href="/api/docs">d</a>
    <a id="file" href="/reports/1" download>f</a>`;
  const click = (id: string, init: MouseEventInit = {}): boolean =>
    document
      .querySelector(`#${id}`)
      ?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, button: 0, ...init })) ??
    false;

  expect(click("in", { ctrlKey: true })).toBe(true);
  expect(click("api")).toBe(true);
  expect(click("file")).toBe(true);
  expect(route.value.page).toBe("watchlist");

  expect(click("in")).toBe(false);
  expect(route.value.page).toBe("quality");
});
