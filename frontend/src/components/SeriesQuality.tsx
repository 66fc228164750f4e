// How good the open series is.

import { SeriesQualityDocument, type SeriesQualityQuery } from "../api/generated/operations.ts";
import { count } from "../format/number.ts";
import { instant } from "../format/time.ts";
import type { SeriesName } from "../routes.ts";
import { useQuery } from "../state/hooks.ts";
import type { Resource } from "../state/resource.ts";
import { asOfNow } from "../state/verdicts.ts";
import { LastError } from "./LastError.tsx";
import { inOrder, Metrics } from "./Metric.tsx";
import { inWords, MissingSessions } from "./MissingSessions.tsx";
import { Panel } from "./Panel.tsx";
import { Status } from "./Status.tsx";

// A verdict comes after the values it is about, and changes while nobody touches the page.
const POLL_MS = 30_000;

type Answer = NonNullable<SeriesQualityQuery["series"]>;

export function useSeriesQuality(name: SeriesName): Resource<Answer> {
  const { symbol, source = null, dataset = null, measure = null, interval = null } = name;
  return useQuery(
    SeriesQualityDocument,
    { symbol, source, dataset, measure, interval },
    (data) => data.series,
    {
      everyMs: POLL_MS,
    },
  );
}

/** The verdict beside the value itself, with what is wrong. */
export function Verdict({ of }: { of: Resource<Answer> }) {
  const { data } = of.view.value;
  if (!data) return null;
  const { status, metrics } = asOfNow(data.quality);
  const cause = inOrder(metrics).find((metric) => metric.status === status);
  return (
    <span class="verdict">
      <Status status={status} />
      {status !== "PASS" && cause && <span class="quiet">{inWords(cause.summary)}</span>}
    </span>
  );
}

export function SeriesQuality({ of: quality }: { of: Resource<Answer> }) {
  const { data } = quality.view.value;
  const now = data && asOfNow(data.quality);
  return (
    <Panel title="Quality" of={quality} actions={now && <Status status={now.status} />}>
      {({ dataset, quality: { flagCounts, missing } }) => (
        <>
          {now?.metrics.length === 0 && <p class="quiet">No check has run yet, so nothing can be said.</p>}
          <Metrics metrics={now?.metrics ?? []} />
          <LastError of={dataset} />
          <FlagCounts counts={flagCounts} />
          <h3>Missing sessions</h3>
          <MissingSessions
            missing={missing}
            symbols={false}
            judged={now?.metrics.find((one) => one.metric === "completeness30")}
          />
          <dl class="pairs">
            <dt>Dataset</dt>
            <dd>{dataset.title}</dd>
            <dt>Calendar</dt>
            <dd>{dataset.calendar}</dd>
            <dt>Source asked</dt>
            <dd>{instant(dataset.checkedAt)}</dd>
            <dt>Licence</dt>
            <dd>{dataset.licence}</dd>
          </dl>
        </>
      )}
    </Panel>
  );
}

/** What stands in place of verdicts in the past: they are of today. */
export function NoQualityThen({ asKnownAt }: { asKnownAt: string }) {
  return (
    <section class="panel" aria-label="Quality">
      <header class="panel-head">
        <h2>Quality</h2>
      </header>
      <p class="quiet">
        Verdicts speak of today, so none stands beside what was known at {instant(asKnownAt, true)}.
      </p>
    </section>
  );
}

function FlagCounts({ counts }: { counts: unknown }) {
  const entries = Object.entries((counts ?? {}) as Record<string, number>).filter(([, n]) => n > 0);
  if (entries.length === 0) return <p class="quiet">No value carries a flag.</p>;
  return (
    <p class="flag-counts">
      {entries.map(([flag, n]) => (
        <span class="badge flag" key={flag}>
          {flag.toLowerCase().replaceAll("_", " ")} {count(n)}
        </span>
      ))}
    </p>
  );
}
