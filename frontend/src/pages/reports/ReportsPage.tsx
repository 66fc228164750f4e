// The form to request a report, and the reports requested so far.

import {
  ReportRunsDocument,
  ReportTemplatesDocument,
  type RunFragment,
} from "../../api/generated/operations.ts";
import { Lines, Panel } from "../../components/Panel.tsx";
import { instant } from "../../format/time.ts";
import { reportPath } from "../../routes.ts";
import { session } from "../../state/session.ts";
import { useQuery } from "../../state/useQuery.ts";
import { useTitle } from "../../state/useTitle.ts";
import { Artifacts } from "./Artifacts.tsx";
import { ReportForm } from "./ReportForm.tsx";
import { RunState } from "./RunState.tsx";

const POLL_MS = 10_000;

export function ReportsPage() {
  const templates = useQuery(ReportTemplatesDocument, {}, (data) => data.reportTemplates);
  const runs = useQuery(ReportRunsDocument, { first: 20 }, (data) => data.reportRuns, { everyMs: POLL_MS });
  useTitle("Reports");
  const viewer = session.view.value.data?.viewer ?? null;
  return (
    <div class="reports-page">
      <Panel
        title="Reports"
        level={1}
        of={templates}
        isEmpty={(held) => held.length === 0}
        empty="No report templates on this server."
        skeleton={<Lines count={6} />}
      >
        {(held) => <ReportForm templates={held} viewer={viewer} />}
      </Panel>
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
    </div>
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
