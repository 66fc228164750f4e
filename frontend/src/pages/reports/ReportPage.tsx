// One report: its progress while it is made, its files when it is ready.

import { useEffect, useState } from "preact/hooks";
import {
  ReportProgressDocument,
  ReportRunDocument,
  type RunFragment,
} from "../../api/generated/operations.ts";
import { follow, type StreamState } from "../../api/stream.ts";
import { Icon } from "../../components/Icon.tsx";
import { Lines, Panel } from "../../components/Panel.tsx";
import { instant } from "../../format/time.ts";
import { title } from "../../format/words.ts";
import { useQuery } from "../../state/useQuery.ts";
import { useTitle } from "../../state/useTitle.ts";
import { Artifacts } from "./Artifacts.tsx";
import { isOver, RunState } from "./RunState.tsx";

const POLL_MS = 2_000;

export function ReportPage({ id }: { id: string }) {
  const run = useQuery(ReportRunDocument, { id }, (data) => data.reportRun);
  const [stream, setStream] = useState<StreamState>("connecting");
  const state = run.view.value.data?.state;
  const over = state !== undefined && isOver(state);

  useTitle("Report");
  useEffect(() => {
    if (over) return;
    return follow(
      ReportProgressDocument,
      { id },
      {
        cursorOf: (data) => data.reportRun.cursor,
        onData: (data) => run.set(data.reportRun.run),
        onState: setStream,
        onGap: () => run.invalidate(),
        endsOnComplete: true,
      },
    );
  }, [id, over]);
  // Where the stream does not come through, asking does.
  useEffect(() => {
    if (over || stream === "live") return;
    const timer = setInterval(() => void run.reload(), POLL_MS);
    return () => clearInterval(timer);
  }, [over, stream]);

  return (
    <>
      <a class="back" href="/reports">
        <Icon name="back" /> All reports
      </a>
      <Panel title="Report" level={1} of={run} class="report" skeleton={<Lines count={6} />}>
        {(held) => <Facts run={held} />}
      </Panel>
    </>
  );
}

function Facts({ run }: { run: RunFragment }) {
  const parameters = Object.entries((run.parameters ?? {}) as Record<string, unknown>).filter(
    ([, value]) => value !== null,
  );
  return (
    <>
      <p class="long-name">
        {run.template} v{run.templateVersion}
      </p>
      <div role="status">
        <RunState run={run} />
      </div>
      {run.error && (
        <p class="notice error" role="alert">
          <b>{run.error.code}</b>: {run.error.message}
        </p>
      )}
      {run.artifacts.length > 0 && <Artifacts run={run} />}
      <dl class="pairs">
        <dt>Run</dt>
        <dd class="break">
          <code>{run.id}</code>
        </dd>
        <dt>Requested</dt>
        <dd>{instant(run.createdAt, true)}</dd>
        <dt>Started</dt>
        <dd>{instant(run.startedAt, true)}</dd>
        <dt>Finished</dt>
        <dd>{instant(run.finishedAt, true)}</dd>
        <dt>Snapshot</dt>
        <dd class="break">
          <code>{run.snapshotId ?? "–"}</code>
        </dd>
        <dt>Code version</dt>
        <dd class="break">
          <code>{run.codeSha ?? "–"}</code>
        </dd>
        {parameters.map(([name, value]) => (
          <>
            <dt>{title(name)}</dt>
            <dd class="break">{Array.isArray(value) ? value.join(", ") : String(value)}</dd>
          </>
        ))}
      </dl>
    </>
  );
}
