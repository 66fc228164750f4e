// A verdict on the page ages while one looks: the server gives the time until which it counts, and after that it is unknown.

import { signal } from "@preact/signals";
import type { MetricFragment, QualityStatus } from "../api/generated/operations.ts";
import { now } from "../api/serverTime.ts";
import { instant } from "../format/time.ts";

/** Since when the feed, which judges, has been silent (milliseconds); null where none runs, false while it speaks. */
export const feedSilent = signal<number | null | false>(false);

/** Whether verdicts that count until then still do. Re-renders who asks when that changes. */
const counts = (until: string | null): boolean => until !== null && now.value <= Date.parse(until);

/** A verdict as it counts now. While the feed is silent no check runs, so only FAIL stands;
 *  without a feed, checks are run by hand. */
export function statusNow(status: QualityStatus, until: string | null): QualityStatus {
  if (!counts(until)) return "UNKNOWN";
  return typeof feedSilent.value === "number" && status !== "FAIL" ? "UNKNOWN" : status;
}

interface Judged {
  readonly status: QualityStatus;
  readonly countsUntil: string | null;
}

/** The quality of a series or a dataset, with every verdict as it counts now. */
export function qualityNow<Quality extends Judged>(quality: Quality): Quality {
  const { countsUntil } = quality;
  if (counts(countsUntil) && typeof feedSilent.value !== "number") return quality;
  const turned = (metric: MetricFragment): MetricFragment => {
    const status = statusNow(metric.status, countsUntil);
    if (status === metric.status) return metric;
    const summary = `Not checked since ${instant(metric.runAt)}; was ${metric.status}: ${metric.summary}`;
    return { ...metric, status, summary };
  };
  const fields = Object.entries(quality).map(([name, one]) => [
    name,
    name === "metrics" ? one.map(turned) : isMetric(one) ? turned(one) : one,
  ]);
  return { ...Object.fromEntries(fields), status: statusNow(quality.status, countsUntil) };
}

const isMetric = (field: unknown): field is MetricFragment =>
  typeof field === "object" && field !== null && "metric" in field && "status" in field;

export const WORST_FIRST: readonly QualityStatus[] = ["FAIL", "WARN", "UNKNOWN", "PASS"];

export const FIRST = ["freshness", "completeness", "completeness30"];

/** Freshness and completeness first, as everywhere; the rest by name. */
export function inOrder<Named extends { readonly metric: string }>(metrics: readonly Named[]): Named[] {
  const rank = (metric: string): number => (FIRST.includes(metric) ? FIRST.indexOf(metric) : FIRST.length);
  return [...metrics].sort((a, b) => rank(a.metric) - rank(b.metric) || (a.metric < b.metric ? -1 : 1));
}

/** The metric that a status is owed to, the first where several are. */
export const causeOf = <Named extends { readonly metric: string; readonly status: QualityStatus }>(
  metrics: readonly Named[],
  status: QualityStatus,
): Named | undefined => inOrder(metrics).find((metric) => metric.status === status);
