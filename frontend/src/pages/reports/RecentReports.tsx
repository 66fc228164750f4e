// The reports requested so far, the newest first.

import { ReportRunsDocument, type RunFragment } from "../../api/generated/operations.ts";
import { Lines, Panel } from "../../components/Panel.tsx";
import { instant } from "../../format/time.ts";
import { reportPath } from "../../routes.ts";
import { useQuery } from "../../state/useQuery.ts";
import { Artifacts } from "./Artifacts.tsx";
import { RunState } from "./RunState.tsx";

const POLL_MS = 10_000;

export function RecentReports() {
  const runs = useQuery(ReportRunsDocument, { first: 20 }, (data) => data.reportRuns, { everyMs: POLL_MS });
  return (
    <Panel
      title="Recent reports"
      of={runs}
      isEmpty={(held) => held.edges.length === 0}
      empty="No reports yet."
      skeleton={<Lines count={6} />}
    >
      {(held) => (
        <ul class="runs">
          {held.edges.map(({ node }) => (
            <RunRow key={node.id} run={node} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function RunRow({ run }: { run: RunFragment }) {
  return (
    <li>
      <div>
        <a class="run-name" href={reportPath(run.id)}>
          {run.template}
        </a>
        <span class="quiet run-time">
          v{run.templateVersion} · {instant(run.createdAt, true)}
        </span>
      </div>
      <RunState run={run} />
      {run.artifacts.length > 0 && <Artifacts run={run} short />}
    </li>
  );
}
