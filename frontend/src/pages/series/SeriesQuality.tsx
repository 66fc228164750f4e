// How good the open series is.

import { EndedNote } from "../../components/EndedNotes.tsx";
import { LastError } from "../../components/LastError.tsx";
import { Metrics } from "../../components/Metric.tsx";
import { MissingSessions } from "../../components/MissingSessions.tsx";
import { Panel, PanelFrame } from "../../components/Panel.tsx";
import { Status } from "../../components/Status.tsx";
import { count } from "../../format/number.ts";
import { instant } from "../../format/time.ts";
import { words } from "../../format/words.ts";
import { endOf, withoutEndTexts } from "../../state/ended.ts";
import type { Resource } from "../../state/resource.ts";
import { qualityNow } from "../../state/verdicts.ts";
import type { Quality, SeriesView } from "./view.ts";

export function SeriesQuality({ quality, asKnownAt }: Pick<SeriesView, "quality" | "asKnownAt">) {
  return asKnownAt === null ? <QualityNow of={quality} /> : <NoQualityThen asKnownAt={asKnownAt} />;
}

function QualityNow({ of: quality }: { of: Resource<Quality> }) {
  const { data } = quality.view.value;
  const now = data && qualityNow(data.quality);
  const end = data && endOf(data.dataset.ended, data.instrument.symbol, data.latest?.session);
  return (
    <Panel title="Quality" of={quality} actions={now && <Status status={now.status} />}>
      {({ dataset, quality: { flagCounts, missing } }) => (
        <>
          {now?.metrics.length === 0 && <p class="quiet">No check has run yet.</p>}
          {end && <EndedNote of={end} />}
          <Metrics metrics={withoutEndTexts(now?.metrics ?? [], end ? [end] : [])} />
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
            <dt>Source checked</dt>
            <dd>{instant(dataset.checkedAt)}</dd>
            <dt>Licence</dt>
            <dd>{dataset.licence}</dd>
          </dl>
        </>
      )}
    </Panel>
  );
}

/** In place of verdicts in the past: they are of today. */
function NoQualityThen({ asKnownAt }: { asKnownAt: string }) {
  return (
    <PanelFrame title="Quality">
      <p class="quiet">Quality checks cover today's data, not data known at {instant(asKnownAt, true)}.</p>
    </PanelFrame>
  );
}

function FlagCounts({ counts }: { counts: unknown }) {
  const entries = Object.entries((counts ?? {}) as Record<string, number>).filter(([, n]) => n > 0);
  if (entries.length === 0) return <p class="quiet">No value has a flag.</p>;
  return (
    <p class="flag-counts">
      {entries.map(([flag, n]) => (
        <span class="badge flag" key={flag}>
          {words(flag)} {count(n)}
        </span>
      ))}
    </p>
  );
}
