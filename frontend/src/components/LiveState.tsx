// Whether values arrive by themselves, in words.

import { liveState } from "../state/live.ts";
import { reachable } from "../state/network.ts";

export function LiveState() {
  const [kind, text] = !reachable.value
    ? ["off", "Offline"]
    : liveState.value === "live"
      ? ["on", "Live"]
      : liveState.value === "refused"
        ? ["off", "Not live"]
        : ["waiting", "Connecting"];
  return (
    <span class={`live ${kind}`} role="status">
      {text}
    </span>
  );
}
