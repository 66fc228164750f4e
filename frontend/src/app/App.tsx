// Which page stands in the shell, and what is shown if one of them fails.

import { useEffect, useRef } from "preact/hooks";
import { ErrorBoundary } from "../components/ErrorBoundary.tsx";
import { lazy } from "../components/lazy.tsx";
import { SeriesPage } from "../pages/series/SeriesPage.tsx";
import { WatchlistPage } from "../pages/watchlist/WatchlistPage.tsx";
import { type Route, route } from "../routes.ts";
import { Shell } from "./Shell.tsx";

const QualityPage = lazy(() =>
  import("../pages/quality/QualityPage.tsx").then((module) => module.QualityPage),
);
const ReportPage = lazy(() => import("../pages/reports/ReportPage.tsx").then((module) => module.ReportPage));
const ReportsPage = lazy(() =>
  import("../pages/reports/ReportsPage.tsx").then((module) => module.ReportsPage),
);

export function App() {
  const at = route.value;
  const key = keyOf(at);
  useFocusOnChange(key);
  return (
    <ErrorBoundary what="The page">
      <Shell>
        <ErrorBoundary what="This page" key={key}>
          <Page at={at} />
        </ErrorBoundary>
      </Shell>
    </ErrorBoundary>
  );
}

/** What makes two routes different pages; a series at another `asKnownAt` is the same page. */
function keyOf(at: Route): string {
  if (at.page === "series")
    return ["series", at.symbol, at.source, at.dataset, at.measure, at.interval].join(" ");
  return at.page === "report" ? `report ${at.id}` : at.page;
}

/** After a change of page the focus stands at its beginning, not on a link that is gone. */
function useFocusOnChange(key: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById("content")?.focus({ preventScroll: true });
    first.current = false;
  }, [key]);
}

function Page({ at }: { at: Route }) {
  switch (at.page) {
    case "watchlist":
      return <WatchlistPage />;
    case "series":
      return <SeriesPage at={at} />;
    case "quality":
      return <QualityPage />;
    case "reports":
      return <ReportsPage />;
    case "report":
      return <ReportPage id={at.id} />;
    case "unknown":
      return (
        <section class="panel">
          <h1>Page not found</h1>
          <p>
            There is no page at <code>{at.path}</code>. <a href="/">Go to the watchlist</a>
          </p>
        </section>
      );
  }
}
