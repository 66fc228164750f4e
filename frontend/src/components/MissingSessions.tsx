// Sessions that should have a value and have none, each with its reason; sessions of the same reason share a line.

import type { MissingFragment, QualityStatus } from "../api/generated/operations.ts";
import { inWords, REASONS } from "../format/missingReasons.ts";
import { count } from "../format/number.ts";
import { title } from "../format/words.ts";

export interface MissingGroup {
  readonly reason: string;
  readonly detail: string;
  readonly sessions: readonly string[];
  readonly symbols: readonly string[];
}

/** Sessions that miss the same symbols for the same reason, newest first. */
export function groupMissing(missing: readonly MissingFragment[]): MissingGroup[] {
  const bySession = new Map<string, { one: MissingFragment; symbols: string[] }>();
  for (const one of missing) {
    const key = JSON.stringify([one.session, one.reason, one.detail]);
    const held = bySession.get(key);
    if (held) held.symbols.push(one.symbol);
    else bySession.set(key, { one, symbols: [one.symbol] });
  }
  const groups = new Map<string, { reason: string; detail: string; sessions: string[]; symbols: string[] }>();
  for (const { one, symbols } of bySession.values()) {
    symbols.sort();
    const key = JSON.stringify([one.reason, one.detail, symbols]);
    const held = groups.get(key);
    if (held) held.sessions.push(one.session);
    else groups.set(key, { reason: one.reason, detail: one.detail, sessions: [one.session], symbols });
  }
  const all = [...groups.values()];
  for (const group of all) group.sessions.sort();
  return all.sort((a, b) => ((a.sessions.at(-1) ?? "") < (b.sessions.at(-1) ?? "") ? 1 : -1));
}

function NameList({ names, noun }: { names: readonly string[]; noun: string }) {
  if (names.length <= 2) return <>{names.join(", ")}</>;
  return (
    <details class="several">
      <summary>
        {noun === "sessions" ? `${names[0]} to ${names.at(-1)}` : `${count(names.length)} ${noun}`}
        {noun === "sessions" && <span class="quiet"> {count(names.length)} sessions</span>}
      </summary>
      {names.join(", ")}
    </details>
  );
}

interface MissingSessionsProps {
  readonly missing: readonly MissingFragment[];
  readonly symbols: boolean;
  /** The verdict on those 30 days. */
  readonly judged: { readonly status: QualityStatus } | null | undefined;
}

export function MissingSessions({ missing, symbols, judged }: MissingSessionsProps) {
  if (missing.length === 0) {
    return (
      <p class="quiet">
        {judged && judged.status !== "UNKNOWN"
          ? "No sessions missing in the last 30 days (in the last 30 due, for less frequent series)."
          : "Expected sessions are not known, so none is counted as missing."}
      </p>
    );
  }
  return (
    <div class="scroll">
      <table class="small missing">
        <caption class="sr">Missing sessions with reasons</caption>
        <thead>
          <tr>
            <th scope="col">Session</th>
            {symbols && <th scope="col">Symbol</th>}
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {groupMissing(missing).map((group) => (
            <tr key={`${group.reason}${group.detail}${group.sessions[0]}${group.symbols[0]}`}>
              <td>
                <NameList names={group.sessions} noun="sessions" />
              </td>
              {symbols && (
                <td>
                  <NameList names={group.symbols} noun="symbols" />
                </td>
              )}
              <td>
                {REASONS[group.reason] ?? title(group.reason)}
                <span class="quiet why">{inWords(group.detail)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
