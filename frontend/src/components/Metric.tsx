// One measured figure of quality, with the thresholds it is judged by.

import type { MetricFragment } from "../api/generated/operations.ts";
import { inWords } from "../format/missingReasons.ts";
import { decimalsOf, number, share } from "../format/number.ts";
import { instant } from "../format/time.ts";
import { title } from "../format/words.ts";
import { FIRST, inOrder } from "../state/verdicts.ts";
import { Status } from "./Status.tsx";

/** The value with its unit: shares as percentages, counts with the noun. */
export function metricValue(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit.startsWith("share")) return `${share(value)}${unit.slice("share".length)}`;
  const plain = number(value, Math.min(2, decimalsOf(value)));
  return unit === "" ? plain : `${plain} ${unit}`;
}

export const metricTitle = (metric: string): string =>
  metric === "completeness" ? "Completeness, 7 days" : title(metric).replace(/ ?(\d+)$/, ", $1 days");

/** Where the verdict turns, in the direction in which it gets worse. */
function bounds({ warn, fail, unit }: MetricFragment): string {
  if (warn === null || fail === null) return "";
  const side = warn > fail ? "below" : "from";
  const bare = unit.startsWith("share") ? "share" : "";
  return `Warn ${side} ${metricValue(warn, bare)}, fail ${side} ${metricValue(fail, bare)}. `;
}

/** A check beyond the first ones that passed: a line, its grounds folded away. */
function Passed({ metric }: { metric: MetricFragment }) {
  return (
    <details class="metric passed">
      <summary>
        {metricTitle(metric.metric)} <Status status={metric.status} />
      </summary>
      <p>{inWords(metric.summary)}</p>
      <p class="quiet">Checked {instant(metric.runAt)}.</p>
    </details>
  );
}

/** All metrics of a series or a dataset; with `rest`, those beyond freshness and completeness. */
export function Metrics({ metrics, rest = false }: { metrics: readonly MetricFragment[]; rest?: boolean }) {
  const shown = inOrder(metrics).filter((metric) => !rest || !FIRST.includes(metric.metric));
  const passed = shown.filter((metric) => metric.status === "PASS" && !FIRST.includes(metric.metric));
  const others = shown.filter((metric) => !passed.includes(metric));
  return (
    <>
      {others.length > 0 && (
        <div class="metrics">
          {others.map((metric) => (
            <Metric key={metric.metric} metric={metric} />
          ))}
        </div>
      )}
      {passed.length > 0 && (
        <div class="passed-metrics">
          {passed.map((metric) => (
            <Passed key={metric.metric} metric={metric} />
          ))}
        </div>
      )}
    </>
  );
}

export function Metric({ metric, name }: { metric: MetricFragment | null; name?: string }) {
  if (!metric) {
    return (
      <div class="metric">
        <h3>{name}</h3>
        <p class="quiet">Not checked yet</p>
      </div>
    );
  }
  return (
    <div class="metric">
      <h3>{name ?? metricTitle(metric.metric)}</h3>
      <p class="metric-figure">
        <b>{metricValue(metric.value, metric.unit)}</b> <Status status={metric.status} />
      </p>
      {metric.summary && <p>{inWords(metric.summary)}</p>}
      <p class="quiet">
        {bounds(metric)}
        Checked {instant(metric.runAt)}.
      </p>
    </div>
  );
}
