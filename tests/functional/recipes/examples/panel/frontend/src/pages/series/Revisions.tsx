// What the source changed of this series, the newest first.

import { NewestRevisionsDocument } from "../../api/generated/operations.ts";
import { Lines, Panel } from "../../components/Panel.tsx";
import { count, number } from "../../format/number.ts";
import { instant } from "../../format/time.ts";
import { useQuery } from "../../state/useQuery.ts";
import type { SeriesView } from "./view.ts";

export function Revisions({ name, decimals }: SeriesView) {
  const { symbol, dataset, measure, interval } = name;
  const revisions = useQuery(
    NewestRevisionsDocument,
    { symbol, dataset, measure, interval },
    (data) => data.revisions,
  );
  return (
    <Panel
      title="Revisions"
      of={revisions}
      isEmpty={(held) => held.totalCount === 0}
      empty="No value has been changed."
      skeleton={<Lines count={3} />}
    >
      {(held) => (
        <>
          <p class="quiet">{count(held.totalCount)} in all</p>
          <dl class="pairs">
            {held.edges.map(({ node }) => [
              <dt key={`${node.asOf} ${node.supersededAt}`}>{instant(node.asOf)}</dt>,
              <dd key={`${node.supersededAt} ${node.asOf}`}>
                {number(node.oldValue, decimals)} became{" "}
                {node.newValue === null ? "nothing" : number(node.newValue, decimals)} on{" "}
                {instant(node.supersededAt)}
              </dd>,
            ])}
          </dl>
        </>
      )}
    </Panel>
  );
}
