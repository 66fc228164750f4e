// Every dataset and how far it can be trusted; the worst stand first.

import { DatasetsDocument } from "../../api/generated/operations.ts";
import { Lines, Panel } from "../../components/Panel.tsx";
import { Status } from "../../components/Status.tsx";
import { useQuery } from "../../state/useQuery.ts";
import { qualityNow, WORST_FIRST } from "../../state/verdicts.ts";
import { type Dataset, DatasetCard } from "./DatasetCard.tsx";

const POLL_MS = 30_000;

const worstFirst = (a: Dataset, b: Dataset): number =>
  WORST_FIRST.indexOf(a.quality.status) - WORST_FIRST.indexOf(b.quality.status) || (a.key < b.key ? -1 : 1);

export function DatasetsPanel() {
  const list = useQuery(DatasetsDocument, {}, (data) => data, { everyMs: POLL_MS });
  const { data } = list.view.value;
  const datasets = data?.datasets.map((dataset) => ({ ...dataset, quality: qualityNow(dataset.quality) }));
  return (
    <Panel
      title="Quality"
      level={1}
      of={list}
      class="quality"
      actions={datasets && <Tally datasets={datasets} />}
      isEmpty={(held) => held.datasets.length === 0}
      empty="No datasets yet: nothing has been fetched."
      skeleton={<Lines count={8} />}
    >
      {(held) =>
        datasets
          ?.sort(worstFirst)
          .map((dataset) => (
            <DatasetCard
              key={dataset.id}
              dataset={dataset}
              alerts={held.alerts.edges
                .map((edge) => edge.node)
                .filter((alert) => alert.dataset === dataset.key)}
              answered={() => void list.reload()}
            />
          ))
      }
    </Panel>
  );
}

function Tally({ datasets }: { datasets: readonly Dataset[] }) {
  return (
    <ul class="tally">
      {WORST_FIRST.map((status) => {
        const n = datasets.filter((dataset) => dataset.quality.status === status).length;
        return (
          n > 0 && (
            <li key={status}>
              {n} <Status status={status} />
            </li>
          )
        );
      })}
    </ul>
  );
}
