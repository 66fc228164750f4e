// Sessions that should have a value and have none, each with its reason.

import type { MissingFragment } from "../api/generated/operations.ts";

const REASONS: Record<string, string> = {
  NOT_YET_DUE: "Not yet due",
  SOURCE_SAYS_NONE: "Source says none",
  PROVIDER_GAP: "Provider gap",
  QUARANTINED: "Quarantined",
  NEVER_FETCHED: "Never fetched",
};

export function MissingSessions({
  missing,
  symbols,
}: {
  missing: readonly MissingFragment[];
  symbols: boolean;
}) {
  if (missing.length === 0) return <p class="quiet">No session is missing.</p>;
  return (
    <div class="scroll">
      <table class="small">
        <caption class="sr">Missing sessions and why</caption>
        <thead>
          <tr>
            <th scope="col">Session</th>
            {symbols && <th scope="col">Symbol</th>}
            <th scope="col">Reason</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {missing.map((one) => (
            <tr key={`${one.symbol}${one.session}${one.reason}`}>
              <td class="num-left">{one.session}</td>
              {symbols && <td>{one.symbol}</td>}
              <td>{REASONS[one.reason] ?? one.reason.toLowerCase().replaceAll("_", " ")}</td>
              <td>{one.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
