// Where one value came from, down to the raw file.

import { useMemo } from "preact/hooks";
import { ProvenanceDocument, type ProvenanceQuery } from "../../api/generated/operations.ts";
import { Icon } from "../../components/Icon.tsx";
import { Lines, Panel, PanelFrame } from "../../components/Panel.tsx";
import { Flags } from "../../components/Status.tsx";
import { bytes, count, number } from "../../format/number.ts";
import { instant, valueTime } from "../../format/time.ts";
import { useQuery } from "../../state/useQuery.ts";
import type { SeriesView } from "./view.ts";

type Origin = NonNullable<ProvenanceQuery["provenance"]>;

export function Provenance(view: SeriesView) {
  const { data, loading } = view.series.view.value;
  const asOf = view.chosen ?? data?.latest?.asOf;
  if (asOf) return <OfValue {...view} asOf={asOf} />;
  return (
    <PanelFrame title="Provenance">
      {loading && data === null ? (
        <div class="skeleton">
          <Lines count={4} />
        </div>
      ) : (
        <p class="quiet">No value yet.</p>
      )}
    </PanelFrame>
  );
}

function OfValue({ asOf, name, asKnownAt, series, decimals }: SeriesView & { asOf: string }) {
  const { data } = series.view.value;
  const { symbol } = name;
  const dataset = data?.dataset.key ?? name.dataset;
  const measure = data?.measure ?? name.measure;
  const interval = data?.interval ?? name.interval ?? "1d";
  const isLatest = asOf === data?.latest?.asOf;
  const origin = useQuery(
    ProvenanceDocument,
    { symbol, dataset, measure, interval, asOf, asKnownAt },
    (data) => data.provenance,
    {
      keepPrevious: true,
    },
  );
  const { current, loading } = origin.view.value;
  const which = useMemo(() => valueTime(asOf, null, interval), [asOf, interval]);
  return (
    <Panel
      title="Provenance"
      of={origin}
      actions={
        <span class="quiet">
          {!current && loading ? "Loading" : isLatest ? `latest${asKnownAt ? " then" : ""}, ${which}` : which}
        </span>
      }
    >
      {(held) => <Facts origin={held} decimals={decimals} />}
    </Panel>
  );
}

function Facts({ origin, decimals }: { origin: Origin; decimals: number }) {
  const { batch } = origin;
  const { raw } = batch;
  return (
    <>
      <p class="origin-value">
        <b>{number(origin.value, decimals)}</b> as of {instant(origin.asOf, true)}{" "}
        <Flags flags={origin.flags} />
      </p>
      <dl class="pairs">
        <dt>Known at</dt>
        <dd>{instant(origin.knownAt, true)}</dd>
        {origin.supersededAt && (
          <>
            <dt>Superseded</dt>
            <dd>{instant(origin.supersededAt, true)}</dd>
          </>
        )}
        <dt>Source file</dt>
        <dd class="break">
          {/^https?:/.test(raw.url) ? (
            <a href={raw.url} rel="noreferrer">
              {raw.url}
            </a>
          ) : (
            raw.url
          )}
        </dd>
        <dt>Fetched</dt>
        <dd>{instant(raw.fetchedAt, true)}</dd>
        <dt>SHA-256</dt>
        <dd class="break">
          <code>{raw.sha256}</code>
        </dd>
        <dt>Batch</dt>
        <dd class="break">
          {batch.dataset} <code>{batch.id}</code>
          <br />
          {count(batch.new)} new, {count(batch.revised)} revised, {count(batch.same)} unchanged,{" "}
          {count(batch.retracted)} retracted, {count(batch.rejected)} rejected
        </dd>
        <dt>Run</dt>
        <dd class="break">
          <code>{batch.runId}</code>
        </dd>
        <dt>Contract</dt>
        <dd>{batch.contract}</dd>
        <dt>Code version</dt>
        <dd class="break">
          <code>{batch.codeSha.slice(0, 12)}</code>
        </dd>
      </dl>
      <a class="button" href={raw.downloadUrl} download>
        <Icon name="download" /> Raw file, {bytes(raw.bytes)}
      </a>
    </>
  );
}
