// Quality in words first; the mark's shape differs by status, and colour only repeats it.

import type { QualityStatus } from "../api/generated/operations.ts";
import { doubts } from "../format/flags.ts";
import { words } from "../format/words.ts";

export const STATUS_WORDS: Record<QualityStatus, string> = {
  PASS: "Pass",
  WARN: "Warn",
  FAIL: "Fail",
  UNKNOWN: "Unknown",
};

const SHAPES: Record<QualityStatus, string> = {
  PASS: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
  WARN: "M6 1 11.2 10.5H.8z",
  FAIL: "M6 .6 11.4 6 6 11.4.6 6z",
  UNKNOWN: "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8z",
};

interface StatusProps {
  readonly status: QualityStatus;
  readonly title?: string;
  /** Only the mark, where the word stands elsewhere already. */
  readonly bare?: boolean;
}

export function Status({ status, title, bare = false }: StatusProps) {
  return (
    <span class={`status ${status.toLowerCase()}`} title={title} aria-hidden={bare || undefined}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[status]} />
      </svg>
      {!bare && STATUS_WORDS[status]}
    </span>
  );
}

export function SimulatedBadge() {
  return (
    <span class="badge simulated" title="From the simulated market; not real prices">
      Simulated
    </span>
  );
}

/** Flags as the server names them; SIMULATED has its own badge and is left out. */
export function Flags({ flags }: { flags: readonly string[] }) {
  return (
    <>
      {doubts(flags).map((flag) => (
        <span class="badge flag" key={flag}>
          {words(flag)}
        </span>
      ))}
    </>
  );
}
