// One series: what it is worth, how it went, how good it is, and where each value came from.

import { useEffect, useState } from "preact/hooks";
import { SeriesDocument } from "../../api/generated/operations.ts";
import { serverNow } from "../../api/serverTime.ts";
import { defaultRange, rangesOf, startOf, type Window } from "../../charts/ranges.ts";
import { LiveState } from "../../components/LiveState.tsx";
import { Lines, Panel } from "../../components/Panel.tsx";
import { Panels } from "../../components/Panels.tsx";
import { number, precisionOf } from "../../format/number.ts";
import type { Route } from "../../routes.ts";
import { needsReload, useObservations } from "../../state/observations.ts";
import { useQuery } from "../../state/useQuery.ts";
import { useTitle } from "../../state/useTitle.ts";
import { ChartArea } from "./ChartArea.tsx";
import { KnownAt } from "./KnownAt.tsx";
import { isOf, withLatest, withPoints } from "./liveSeries.ts";
import { PANELS } from "./panels.ts";
import { SeriesHead } from "./SeriesHead.tsx";
import { useSeriesQuality, Verdict } from "./Verdict.tsx";

const MOST_POINTS = 1500;
const EARLIEST = Date.UTC(1901, 0);

interface Bounds {
  readonly from: string | null;
  readonly to: string | null;
}

const POLL_MS = 120_000;

/** The window to ask the server for, when the reader zoomed into points that stand for more. */
function asked(zoom: Window): Bounds {
  const margin = (zoom.to - zoom.from) / 2;
  const from = Math.max(zoom.from - margin, EARLIEST);
  return {
    from: new Date(from).toISOString(),
    to: zoom.to + margin < serverNow() ? new Date(zoom.to + margin).toISOString() : null,
  };
}

export function SeriesPage({ at }: { at: Extract<Route, { page: "series" }> }) {
  const { symbol, source, dataset, measure, interval, asKnownAt } = at;
  const name = { symbol, source, dataset, measure, interval };
  // Without an interval in the address the answer tells it.
  const [spacing, setSpacing] = useState(interval ?? "1d");
  const [range, setRange] = useState(defaultRange(spacing));
  const [zoom, setZoom] = useState<Window | null>(null);
  const [detail, setDetail] = useState<Bounds | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  // Ranges end here: now, or at the last value of a series that has ended.
  const [end, setEnd] = useState(serverNow);

  const ranges = rangesOf(spacing);
  const picked = ranges.find((one) => one.name === range);
  const bounds = detail ?? { from: picked ? startOf(picked, end) : null, to: null };
  const series = useQuery(
    SeriesDocument,
    { ...name, ...bounds, asKnownAt, maxPoints: MOST_POINTS },
    (data) => data.series,
    {
      keepPrevious: true,
      everyMs: POLL_MS,
      // Windows of one series stand under one first line: offline, another window of it is better than none.
      key: `${JSON.stringify([name, asKnownAt])}\n${detail ? JSON.stringify(detail) : range}`,
    },
  );
  const quality = useSeriesQuality(name);
  const { data, loading, current, notice } = series.view.value;

  useEffect(() => {
    if (!data || data.interval === spacing) return;
    setSpacing(data.interval);
    setRange(defaultRange(data.interval));
  }, [data]);

  useEffect(() => {
    if (data && !loading && data.points.count === 0 && data.latest) setEnd(Date.parse(data.latest.asOf));
  }, [data, loading]);
  useEffect(() => setChosen(null), [asKnownAt]);

  // Zoomed into a thinned-out series, ask for the window itself, once the fingers rest.
  useEffect(() => {
    if (!zoom) return setDetail(null);
    if (data?.points.downsampledFrom == null && detail === null) return;
    const timer = setTimeout(() => setDetail(asked(zoom)), 300);
    return () => clearTimeout(timer);
  }, [zoom]);

  // What was known then does not move.
  const past = asKnownAt !== null;
  const decimals = precisionOf([
    data?.latest?.value,
    data?.latest?.previousValue,
    ...(data?.points.value.slice(-250) ?? []),
  ]);
  // A title has no room to say of when a value is, so it names only one that is the newest.
  const newest = data?.latest && notice === "none" && !past ? ` ${number(data.latest.value, decimals)}` : "";
  useTitle(symbol + newest);

  useObservations(
    [symbol],
    {
      onEvent: (event) => {
        const held = series.view.peek().data;
        if (!held || !isOf(held, event)) return;
        const next = needsReload(event)
          ? null
          : detail?.to
            ? withLatest(held, event)
            : detail
              ? null
              : withPoints(held, event);
        if (next) series.update(() => next);
        else series.invalidate();
      },
      onGap: () => series.invalidate(),
    },
    past,
  );

  function pickRange(next: string): void {
    setZoom(null);
    setDetail(null);
    setEnd(data?.latest ? Math.min(serverNow(), Date.parse(data.latest.asOf)) : serverNow());
    setRange(next);
  }

  return (
    <div class="series-page">
      <Panel
        title={symbol}
        level={1}
        class="series-main"
        of={series}
        actions={
          !past && (
            <>
              <LiveState tick={data?.latest ? { ...data.latest, interval: data.interval } : null} />
              <Verdict of={quality} />
            </>
          )
        }
        skeleton={<ChartSkeleton />}
      >
        {(held) => (
          <>
            <SeriesHead series={held} decimals={decimals} asKnownAt={asKnownAt} />
            <ChartArea
              series={held}
              decimals={decimals}
              ranges={ranges}
              range={range}
              onRange={pickRange}
              zoom={zoom}
              onZoom={setZoom}
              onChoose={setChosen}
              busy={loading}
              otherRange={!current && !loading}
            />
            <KnownAt name={name} asKnownAt={asKnownAt} here={current} fresh={notice === "none"} />
          </>
        )}
      </Panel>
      <Panels
        list={PANELS}
        view={{ name, asKnownAt, series, quality, chosen, decimals }}
        class="series-aside"
      />
    </div>
  );
}

function ChartSkeleton() {
  return (
    <>
      <Lines count={2} />
      <div class="bone tall" />
    </>
  );
}
