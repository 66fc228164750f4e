// What reports there are, and the form to request one.

import { ReportTemplatesDocument } from "../../api/generated/operations.ts";
import { Lines, Panel } from "../../components/Panel.tsx";
import { browserSession } from "../../state/browserSession.ts";
import { useQuery } from "../../state/useQuery.ts";
import { ReportForm } from "./ReportForm.tsx";

export function RequestPanel() {
  const templates = useQuery(ReportTemplatesDocument, {}, (data) => data.reportTemplates);
  const viewer = browserSession.view.value.data?.viewer ?? null;
  return (
    <Panel
      title="Reports"
      level={1}
      of={templates}
      isEmpty={(held) => held.length === 0}
      empty="No report templates on this server."
      // As tall as the form on a phone, so that the reports below do not jump when it comes.
      skeleton={<Lines count={28} />}
    >
      {(held) => <ReportForm templates={held} viewer={viewer} />}
    </Panel>
  );
}
