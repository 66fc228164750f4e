// The server's and the feed's signs of life, asked for while somebody looks: a page without live values must notice too.

import { query } from "../api/client.ts";
import { ApiError } from "../api/errors.ts";
import { HeartbeatDocument, type HeartbeatQuery } from "../api/generated/operations.ts";
import { ANSWER_DEADLINE_MS, checkServer, reachable, reconnections } from "../api/reachability.ts";
import { learnTime } from "../api/serverTime.ts";
import { feedSilent } from "./verdicts.ts";

const EVERY_MS = 15_000;
// A feed beats every 2 s; the server's own health check calls it silent after as long.
const SILENT_AFTER_MS = 15_000;

/** Since when the feed has been silent, by the server's own two instants; null where it never was heard; else false. */
export function silentSince({ now, feedHeardAt }: HeartbeatQuery["serverInfo"]): number | null | false {
  if (feedHeardAt === null) return null;
  const heard = Date.parse(feedHeardAt);
  return Date.parse(now) - heard > SILENT_AFTER_MS ? heard : false;
}

async function askServer(): Promise<void> {
  if (document.visibilityState === "hidden" || !reachable.peek()) return;
  try {
    const sent = Date.now();
    const { data } = await query(HeartbeatDocument, {}, AbortSignal.timeout(ANSWER_DEADLINE_MS));
    learnTime(Date.parse(data.serverInfo.now), { sent, came: Date.now() });
    feedSilent.value = silentSince(data.serverInfo);
  } catch (thrown) {
    // An error is an answer too; only silence is none.
    if (!(thrown instanceof ApiError)) await checkServer();
  }
}

/** Ask now, every few seconds, and when the reader or the server comes back. Called once, by the entry point. */
export function watchHeartbeat(): void {
  setInterval(() => void askServer(), EVERY_MS);
  document.addEventListener("visibilitychange", () => void askServer());
  reconnections.subscribe(() => void askServer());
}
