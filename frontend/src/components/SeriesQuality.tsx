// How good the open series is.

import { SeriesQualityDocument } from "../api/generated/operations.ts";
import { count } from "../format/number.ts";
import { instant } from "../format/time.ts";
import type { SeriesName } from "../routes.ts";
import { useQuery } from "../state/hooks.ts";
import { Metric } from "./Metric.tsx";
import { MissingSessions } from "./MissingSessions.tsx";
import { Panel } from "./Panel.tsx";
import { Status } from "./Status.tsx";

export function SeriesQuality({ name }: { name: SeriesName }) {
  const { symbol, source = null, measure = null, interval = null } = name;
  const quality = useQuery(
    SeriesQualityDocument,
    { symbol, source, measure, interval },
    (data) => data.series,
  );
  const { data } = quality.view.value;
  return (
    <Panel title="Quality" of={quality} actions={data && <Status status={data.quality.status} />}>
      {({ dataset, quality: { flagCounts, metrics, missing } }) => (
        <>
          {metrics.length === 0 && <p class="quiet">No check has run yet, so nothing can be said.</p>}
          {metrics.map((metric) => (
            <Metric key={metric.metric} metric={metric} />
          ))}
          {dataset.lastError && (
            <p class="notice error">
              <b>Last fetch failed</b> {instant(dataset.lastErrorAt)}: {dataset.lastError}
            </p>
          )}
          <FlagCounts counts={flagCounts} />
          <h3>Missing sessions</h3>
          <MissingSessions missing={missing} symbols={false} />
          <dl class="pairs">
            <dt>Dataset</dt>
            <dd>{dataset.title}</dd>
            <dt>Calendar</dt>
            <dd>{dataset.calendar}</dd>
            <dt>Checked</dt>
            <dd>{instant(dataset.checkedAt)}</dd>
            <dt>Licence</dt>
            <dd>{dataset.licence}</dd>
          </dl>
        </>
      )}
    </Panel>
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
