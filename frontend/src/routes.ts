// Plain paths and what they mean; links inside the page change the address without loading it again.

import { computed, signal } from "@preact/signals";

export type Route =
  | { readonly page: "watchlist" }
  | {
      readonly page: "series";
      readonly symbol: string;
      readonly source: string | null;
      readonly dataset: string | null;
      readonly measure: string | null;
      readonly interval: string | null;
      readonly asKnownAt: string | null;
    }
  | { readonly page: "quality" }
  | { readonly page: "reports" }
  | { readonly page: "report"; readonly id: string }
  | { readonly page: "unknown"; readonly path: string };

const address = signal(new URL(location.href));

/** The meaning of an address. A path that cannot be decoded is unknown. */
export function readRoute(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, "") || "/";
  let parts: string[];
  try {
    parts = path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return { page: "unknown", path };
  }
  const [head, name, extra] = parts;
  if (path === "/") return { page: "watchlist" };
  if (extra !== undefined) return { page: "unknown", path };
  if (head === "series" && name) {
    const { searchParams } = url;
    return {
      page: "series",
      symbol: name,
      source: searchParams.get("source"),
      dataset: searchParams.get("dataset"),
      measure: searchParams.get("measure"),
      interval: searchParams.get("interval"),
      asKnownAt: searchParams.get("asKnownAt"),
    };
  }
  if (head === "quality" && !name) return { page: "quality" };
  if (head === "reports") return name ? { page: "report", id: name } : { page: "reports" };
  return { page: "unknown", path };
}

export const route = computed(() => readRoute(address.value));

export interface SeriesName {
  readonly symbol: string;
  readonly source?: string | null | undefined;
  readonly dataset?: string | null | undefined;
  readonly measure?: string | null | undefined;
  readonly interval?: string | null | undefined;
  readonly asKnownAt?: string | null | undefined;
}

export function seriesPath({ symbol, ...rest }: SeriesName): string {
  const search = new URLSearchParams(
    Object.entries(rest).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  ).toString();
  return `/series/${encodeURIComponent(symbol)}${search && `?${search}`}`;
}

export const reportPath = (id: string): string => `/reports/${encodeURIComponent(id)}`;

/** Go to a path of this page. `replace` leaves no step to go back to. */
export function go(path: string, how: "push" | "replace" = "push"): void {
  history[how === "push" ? "pushState" : "replaceState"](null, "", path);
  const before = address.peek().pathname;
  address.value = new URL(location.href);
  if (address.peek().pathname !== before) scrollTo(0, 0);
}

function isOurs(link: HTMLAnchorElement, event: MouseEvent): boolean {
  return (
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    link.origin === location.origin &&
    !link.hasAttribute("download") &&
    (link.target === "" || link.target === "_self") &&
    !/^\/(api|graphql|metrics)(\/|$)/.test(link.pathname) &&
    readRoute(new URL(link.href)).page !== "unknown"
  );
}

/** Take over clicks on links that lead to a route, and the back button. Called once, by the entry point. */
export function watchAddress(): void {
  addEventListener("popstate", () => {
    address.value = new URL(location.href);
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (event.defaultPrevented || !link?.href || link.hash || !isOurs(link, event)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
