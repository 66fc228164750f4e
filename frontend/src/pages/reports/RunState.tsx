// How far a report is, in words and as a bar.

import type { ReportState, RunFragment } from "../../api/generated/operations.ts";
import { words } from "../../format/words.ts";

const WORDS: Record<ReportState, string> = {
  QUEUED: "Queued",
  RUNNING: "Running",
  SUCCEEDED: "Ready",
  DEAD: "Failed",
  CANCELLED: "Cancelled",
};

export const isOver = (state: ReportState): boolean => state !== "QUEUED" && state !== "RUNNING";

export function RunState({ run }: { run: Pick<RunFragment, "state" | "stage" | "progress" | "attempts"> }) {
  const share = Math.round(run.progress * 100);
  const stage = run.state === "RUNNING" && run.stage ? `${words(run.stage)}, ${share}%` : null;
  return (
    <div class={`run-state ${run.state.toLowerCase()}`}>
      <span>
        {WORDS[run.state]}
        {stage && `: ${stage}`}
        {run.attempts > 1 && ` (attempt ${run.attempts})`}
      </span>
      {!isOver(run.state) && <progress max={100} value={share} aria-label="Progress" />}
    </div>
  );
}
