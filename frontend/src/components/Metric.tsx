// One measured figure of quality, with the thresholds it is judged by.

import type { MetricFragment } from "../api/generated/operations.ts";
import { decimalsOf, number, share } from "../format/number.ts";
import { instant } from "../format/time.ts";
import { Status } from "./Status.tsx";

/** The value with its unit: shares as percentages, counts with the noun. */
export function figure(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit === "ratio" || unit === "share" || unit === "1") return share(value);
  const plain = number(value, Math.min(2, decimalsOf(value)));
  return unit === "" ? plain : `${plain} ${unit}`;
}

const title = (metric: string): string => {
  const words = metric.replaceAll(/[._]/g, " ").replace(/(\d+)d?$/, " $1 d");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function Metric({ metric, name }: { metric: MetricFragment | null; name?: string }) {
  if (!metric) {
    return (
      <div class="metric">
        <h3>{name}</h3>
        <p class="quiet">Not measured yet</p>
      </div>
    );
  }
  return (
    <div class="metric">
      <h3>{name ?? title(metric.metric)}</h3>
      <p class="metric-figure">
        <b>{figure(metric.value, metric.unit)}</b> <Status status={metric.status} />
      </p>
      <p>{metric.summary}</p>
      <p class="quiet">
        {metric.warn !== null && metric.fail !== null && (
          <>
            Warn at {figure(metric.warn, metric.unit)}, fail at {figure(metric.fail, metric.unit)}.{" "}
          </>
        )}
        Measured {instant(metric.runAt)}.
      </p>
    </div>
  );
}
