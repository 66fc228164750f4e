// The chart or the same values as a table, with the range to show. The chart's code comes only now.

import { useMemo, useState } from "preact/hooks";
import { gapsOf } from "../../charts/gaps.ts";
import { pointsOf } from "../../charts/points.ts";
import type { Range, Window } from "../../charts/ranges.ts";
import { useLazy } from "../../components/lazy.tsx";
import { count } from "../../format/number.ts";
import { day, instant, isDaily } from "../../format/time.ts";
import { PointsTable } from "./PointsTable.tsx";
import type { Series } from "./view.ts";

interface ChartAreaProps {
  readonly series: Series;
  readonly decimals: number;
  readonly ranges: readonly Range[];
  readonly range: string;
  readonly onRange: (range: string) => void;
  readonly zoom: Window | null;
  readonly onZoom: (window: Window | null) => void;
  readonly onChoose: (asOf: string) => void;
  readonly busy: boolean;
  /** Whether another range is drawn, because the chosen one could not be had. */
  readonly otherRange: boolean;
}

const loadChart = () => import("../../charts/SeriesChart.tsx").then((module) => module.SeriesChart);

const MOST_GAPS = 3;

/** The longest gaps of what is drawn, in words. */
function Gaps({ ms, daily }: { ms: readonly number[]; daily: boolean }) {
  const gaps = useMemo(() => gapsOf(ms), [ms]);
  if (gaps.length === 0) return null;
  const longest = [...gaps].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MOST_GAPS);
  const at = (time: number): string => (daily ? day(time) : instant(time));
  const spans = longest.sort((a, b) => a.from - b.from).map(({ from, to }) => `${at(from)} and ${at(to)}`);
  return (
    <p class="quiet gaps">
      No values between {spans.join("; between ")}
      {gaps.length > MOST_GAPS && `; and ${count(gaps.length - MOST_GAPS)} shorter gaps`}.
    </p>
  );
}

export function ChartArea(props: ChartAreaProps) {
  const { series, decimals, zoom, onZoom, onChoose } = props;
  const [asTable, setAsTable] = useState(false);
  const { Part: Chart, failed, retry } = useLazy(loadChart);
  const points = useMemo(() => pointsOf(series.points), [series.points]);
  const label = `Chart of ${series.instrument.symbol}, ${series.instrument.name}, from ${series.source}`;
  return (
    <div class={props.busy ? "chart-area busy" : "chart-area"}>
      <div class="toolbar">
        <fieldset class="segments">
          <legend class="sr">Range</legend>
          {props.ranges.map((range) => (
            <button
              type="button"
              key={range.name}
              aria-label={`${range.name}, ${range.spoken}`}
              aria-pressed={zoom === null && props.range === range.name}
              onClick={() => props.onRange(range.name)}
            >
              {range.name}
            </button>
          ))}
        </fieldset>
      </div>
      {props.otherRange && points.ms.length > 0 && (
        <p class="notice stale" role="status">
          Showing data saved on this device, <b>{day(points.ms[0] ?? 0)}</b> to{" "}
          <b>{day(points.ms.at(-1) ?? 0)}</b>. The rest of this range needs the server.
        </p>
      )}
      {points.ms.length === 0 ? (
        <div class="blank tall">
          {props.otherRange
            ? "No values of this range are saved on this device. It needs the server."
            : series.latest
              ? "No values in this range."
              : "No values of this series."}
        </div>
      ) : asTable ? (
        <PointsTable points={points} series={series} decimals={decimals} zoom={zoom} onChoose={onChoose} />
      ) : failed ? (
        <div class="blank tall" role="alert">
          <p>The chart could not be loaded.</p>
          <button type="button" class="button" onClick={retry}>
            Retry
          </button>{" "}
          <button type="button" class="button" onClick={() => setAsTable(true)}>
            Show as table
          </button>
        </div>
      ) : Chart ? (
        <Chart
          points={points}
          label={label}
          decimals={decimals}
          unit={series.unit.name}
          measure={series.measure}
          interval={series.interval}
          zoom={zoom}
          onZoom={onZoom}
          onChoose={onChoose}
        />
      ) : (
        <div class="bone tall" />
      )}
      <Gaps ms={points.ms} daily={isDaily(series.interval)} />
      <div class="chart-foot">
        <p class="quiet">
          {points.downsampledFrom === null
            ? `${count(points.ms.length)} values`
            : `${count(points.ms.length)} of ${count(points.downsampledFrom)} values (downsampled; zoom in for all)`}
          {" · "}data version {series.dataVersion}
          {series.snapshotId !== "" && (
            <>
              {" "}
              · snapshot <code title={series.snapshotId}>{series.snapshotId.slice(0, 12)}</code>
            </>
          )}
        </p>
        {zoom && (
          <button type="button" class="button" onClick={() => onZoom(null)}>
            Reset zoom
          </button>
        )}
        <button type="button" class="button" onClick={() => setAsTable(!asTable)}>
          {asTable ? "Show as chart" : "Show as table"}
        </button>
      </div>
    </div>
  );
}
