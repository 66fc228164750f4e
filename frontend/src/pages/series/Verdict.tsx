// The verdict on the open series, beside its value. The panel with its grounds comes later.

import { SeriesQualityDocument } from "../../api/generated/operations.ts";
import { Status } from "../../components/Status.tsx";
import { inWords } from "../../format/missingReasons.ts";
import type { Resource } from "../../state/resource.ts";
import { useQuery } from "../../state/useQuery.ts";
import { causeOf, qualityNow } from "../../state/verdicts.ts";
import type { Name, Quality } from "./view.ts";

// A verdict comes after the values it is about, and changes while nobody touches the page.
const POLL_MS = 30_000;

export const useSeriesQuality = (name: Name): Resource<Quality> =>
  useQuery(SeriesQualityDocument, { ...name }, (data) => data.series, { everyMs: POLL_MS });

/** The verdict beside the value itself, with what is wrong. */
export function Verdict({ of }: { of: Resource<Quality> }) {
  const { data } = of.view.value;
  if (!data) return null;
  const { status, metrics } = qualityNow(data.quality);
  const cause = causeOf(metrics, status);
  return (
    <span class="verdict">
      <Status status={status} />
      {status !== "PASS" && cause && <span class="quiet">{inWords(cause.summary)}</span>}
    </span>
  );
}
