// A verdict on the page ages while one looks: the server says until when it counts, and after that nobody knows.

import { signal } from "@preact/signals";
import type { MetricFragment, QualityStatus } from "../api/generated/operations.ts";
import { instant } from "../format/time.ts";
import { now } from "./serverTime.ts";

/** Since when the feed, which judges, has been silent (milliseconds, or null where that is not known); false while it is not. */
export const feedSilent = signal<number | null | false>(false);

/** Whether verdicts that count until then still do. Re-renders who asks when that changes. */
export function counts(until: string | null): boolean {
  return until !== null && feedSilent.value === false && now.value <= Date.parse(until);
}

/** A verdict as it counts now. */
export const standing = (status: QualityStatus, until: string | null): QualityStatus =>
  counts(until) ? status : "UNKNOWN";

interface Judged {
  readonly status: QualityStatus;
  readonly countsUntil: string | null;
}

const aged = (metric: MetricFragment): MetricFragment =>
  metric.status === "UNKNOWN"
    ? metric
    : {
        ...metric,
        status: "UNKNOWN",
        summary: `Not judged since ${instant(metric.runAt)}; it was ${metric.status} then: ${metric.summary}`,
      };

/** What was said of a series or a dataset, with every verdict as it counts now. */
export function asOfNow<Quality extends Judged>(quality: Quality): Quality {
  if (counts(quality.countsUntil)) return quality;
  const turned = Object.entries(quality).map(([name, said]) => [
    name,
    name === "metrics" ? said.map(aged) : isMetric(said) ? aged(said) : said,
  ]);
  return { ...Object.fromEntries(turned), status: "UNKNOWN" };
}

const isMetric = (said: unknown): said is MetricFragment =>
  typeof said === "object" && said !== null && "metric" in said && "status" in said;
