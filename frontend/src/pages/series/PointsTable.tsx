// The chart's values as a table: newest first, a page at a time.

import { useState } from "preact/hooks";
import type { Points } from "../../charts/points.ts";
import type { Window } from "../../charts/ranges.ts";
import { Change } from "../../components/Change.tsx";
import { Flags } from "../../components/Status.tsx";
import { number } from "../../format/number.ts";
import { valueTime } from "../../format/time.ts";
import type { Series } from "./view.ts";

const PAGE = 60;

interface PointsTableProps {
  readonly points: Points;
  readonly series: Series;
  readonly decimals: number;
  readonly zoom: Window | null;
  readonly onChoose: (asOf: string) => void;
}

export function PointsTable({ points, series, decimals, zoom, onChoose }: PointsTableProps) {
  const [pages, setPages] = useState(1);
  const shown = points.ms
    .map((_, i) => i)
    .filter((i) => !zoom || ((points.ms[i] ?? 0) >= zoom.from && (points.ms[i] ?? 0) <= zoom.to))
    .reverse();
  const thinned = points.downsampledFrom !== null;
  return (
    <div class="scroll points">
      <table class="small">
        <caption class="sr">
          Values of {series.instrument.symbol} from {series.source}, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">As of (UTC)</th>
            <th scope="col" class="num">
              Value, {series.unit.name}
            </th>
            <th scope="col" class="num">
              {thinned ? "Since row below" : "Change"}
            </th>
            <th scope="col">Flags</th>
            <th scope="col">
              <span class="sr">Provenance</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, pages * PAGE).map((i) => {
            const at = points.asOf[i] ?? "";
            const value = points.value[i] ?? null;
            const before = points.value[i - 1] ?? null;
            return (
              <tr key={at}>
                <th scope="row">{valueTime(at, null, series.interval)}</th>
                <td class="num">{number(value, decimals)}</td>
                <td class="num">
                  <Change
                    change={value === null || before === null ? null : value - before}
                    decimals={decimals}
                    unit={series.unit.name}
                    measure={series.measure}
                  />
                </td>
                <td>
                  <Flags flags={points.flags[i] ?? []} />
                </td>
                <td>
                  <button
                    type="button"
                    class="link"
                    aria-label={`Provenance of ${valueTime(at, null, series.interval)}`}
                    onClick={() => onChoose(at)}
                  >
                    Provenance
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {shown.length > pages * PAGE && (
        <button type="button" class="button more" onClick={() => setPages(pages + 1)}>
          Show more
        </button>
      )}
    </div>
  );
}
