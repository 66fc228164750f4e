// How old the newest tick is, in words; nothing where nothing ticks.

import { heardAt, reachable } from "../api/reachability.ts";
import { nowEachSecond } from "../api/serverTime.ts";
import { type Connection, type Liveness, liveness, livenessOf, type Tick } from "../state/liveness.ts";
import { liveState } from "../state/observations.ts";

/** Of one series' newest tick. */
export function LiveState({ tick }: { tick: Tick | null }) {
  return <LiveText by={(connection, now) => liveness(tick, connection, now)} />;
}

/** Of the newest ticks of many series. */
export function LiveStates({ ticks }: { ticks: readonly Tick[] }) {
  return <LiveText by={(connection, now) => livenessOf(ticks, connection, now)} />;
}

function LiveText({ by }: { by: (connection: Connection, now: number) => Liveness | null }) {
  const connection = {
    stream: liveState.value,
    reachable: reachable.value,
    heardAt: reachable.value ? null : heardAt.value,
  };
  const shown = by(connection, nowEachSecond.value);
  if (!shown) return null;
  // What changes every second is not read out.
  return (
    <span class={`live ${shown.kind}`} role={shown.kind === "on" ? undefined : "status"}>
      {shown.text}
    </span>
  );
}
