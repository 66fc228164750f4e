// One dataset: its verdicts, what is missing and why, and the alerts on it.

import type { AlertFragment, DatasetsQuery } from "../../api/generated/operations.ts";
import { now } from "../../api/serverTime.ts";
import { EndedNotes } from "../../components/EndedNotes.tsx";
import { LastError } from "../../components/LastError.tsx";
import { Metric, Metrics } from "../../components/Metric.tsx";
import { MissingSessions } from "../../components/MissingSessions.tsx";
import { SimulatedBadge, Status } from "../../components/Status.tsx";
import { count } from "../../format/number.ts";
import { ago, instant } from "../../format/time.ts";
import { withoutEndTexts } from "../../state/ended.ts";
import { Alerts } from "./Alerts.tsx";

export type Dataset = DatasetsQuery["datasets"][number];

const MOST_MISSING = 200;

interface DatasetCardProps {
  readonly dataset: Dataset;
  readonly alerts: readonly AlertFragment[];
  readonly answered: () => void;
}

export function DatasetCard({ dataset, alerts, answered }: DatasetCardProps) {
  const { quality } = dataset;
  const missing = quality.missing;
  const [freshness = null] = quality.freshness ? withoutEndTexts([quality.freshness], dataset.ended) : [];
  return (
    <article class="dataset">
      <header>
        <h2>
          {dataset.title} {dataset.simulated && <SimulatedBadge />}
        </h2>
        <Status status={quality.status} />
        <p class="quiet">
          <code>{dataset.key}</code> · {dataset.source} · {count(dataset.seriesCount)} series ·{" "}
          {count(dataset.observationCount)} values · version {dataset.version}
        </p>
      </header>
      <LastError of={dataset} />
      <EndedNotes of={dataset.ended} />
      <div class="metrics">
        <Metric name="Freshness" metric={freshness} />
        <Metric name="Completeness, 7 days" metric={quality.completeness} />
        <Metric name="Completeness, 30 days" metric={quality.completeness30} />
        <dl class="pairs">
          <dt>Newest value</dt>
          <dd>{dataset.newestAsOf ? `as of ${instant(dataset.newestAsOf)}` : "none yet"}</dd>
          <dt>Last change</dt>
          <dd title={instant(dataset.knownAt, true)}>{ago(dataset.knownAt, now.value)}</dd>
          <dt>Source checked</dt>
          <dd title={instant(dataset.checkedAt, true)}>{ago(dataset.checkedAt, now.value)}</dd>
          <dt>Calendar</dt>
          <dd>{dataset.calendar}</dd>
          <dt>Licence</dt>
          <dd>{dataset.licence}</dd>
        </dl>
      </div>
      <Metrics metrics={quality.metrics} rest />
      <Alerts alerts={alerts} answered={answered} />
      {missing.length === 0 ? (
        <MissingSessions missing={missing} symbols judged={quality.completeness30} />
      ) : (
        <details>
          <summary>
            {missing.length >= MOST_MISSING ? `${MOST_MISSING} or more` : missing.length} missing{" "}
            {missing.length === 1 ? "session" : "sessions"}, with reasons
          </summary>
          <MissingSessions missing={missing} symbols judged={quality.completeness30} />
        </details>
      )}
    </article>
  );
}
