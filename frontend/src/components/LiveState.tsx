// How old the newest tick is, in words; nothing where nothing ticks.

import { heardAt, reachable } from "../api/reachability.ts";
import { second } from "../api/serverTime.ts";
import { type Line, type Liveness, liveness, livenessOf, type Tick } from "../state/liveness.ts";
import { liveState } from "../state/observations.ts";

/** Of one series' newest tick. */
export function LiveState({ tick }: { tick: Tick | null }) {
  return <Said by={(line, now) => liveness(tick, line, now)} />;
}

/** Of the newest ticks of many series. */
export function LiveStates({ ticks }: { ticks: readonly Tick[] }) {
  return <Said by={(line, now) => livenessOf(ticks, line, now)} />;
}

function Said({ by }: { by: (line: Line, now: number) => Liveness | null }) {
  const line = {
    stream: liveState.value,
    reachable: reachable.value,
    heardAt: reachable.value ? null : heardAt.value,
  };
  const said = by(line, second.value);
  if (!said) return null;
  // What changes every second is not read out.
  return (
    <span class={`live ${said.kind}`} role={said.kind === "on" ? undefined : "status"}>
      {said.text}
    </span>
  );
}
