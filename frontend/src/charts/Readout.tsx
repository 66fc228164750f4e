// The line above the chart: the value under the crosshair, or what the shown span did.

import { Change, Percent } from "../components/Change.tsx";
import { Flags } from "../components/Status.tsx";
import { number } from "../format/number.ts";
import { valueTime } from "../format/time.ts";
import { extentOf, type Points } from "./points.ts";
import type { Window } from "./ranges.ts";

/** What is drawn, and how its values are written. */
export interface Drawn {
  readonly points: Points;
  readonly decimals: number;
  readonly unit: string;
  readonly measure: string;
  readonly interval: string;
  readonly zoom: Window | null;
}

interface ReadoutProps extends Drawn {
  readonly index: number | null;
  /** Whether a screen reader should hear it: when the keyboard moved the crosshair. */
  readonly spoken: boolean;
}

export function Readout({ points, index, spoken, decimals, unit, measure, interval, zoom }: ReadoutProps) {
  const at = index === null ? undefined : points.asOf[index];
  const extent = extentOf(points, zoom?.from, zoom?.to);
  const start = extent.first;
  const value = index === null ? extent.last : points.value[index];
  const change = typeof value === "number" && start !== null ? value - start : null;
  return (
    <p class="readout" aria-live={spoken ? "polite" : "off"}>
      {index !== null && at !== undefined ? (
        <>
          <span class="when">{valueTime(at, null, interval)}</span>
          <b>{number(value, decimals)}</b> {unit} <Flags flags={points.flags[index] ?? []} />
        </>
      ) : (
        <span class="when">
          Low {number(extent.low, decimals)} · High {number(extent.high, decimals)}
        </span>
      )}
      <span class="since">
        Since start <Change change={change} decimals={decimals} unit={unit} measure={measure} />{" "}
        <Percent value={change !== null && start ? (change / start) * 100 : null} />
      </span>
    </p>
  );
}
