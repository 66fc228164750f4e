// Who the reader is to the server, and which server it is: asked once for the whole page.

import { query } from "../api/client.ts";
import type { SessionQuery } from "../api/generated/operations.ts";
import { SessionDocument } from "../api/generated/operations.ts";
import { reconnections } from "../api/reachability.ts";
import { forgetAll, keyOf } from "../storage.ts";
import { createResource } from "./resource.ts";

export const browserSession = createResource<SessionQuery>({ staleAfter: Number.POSITIVE_INFINITY });

/** Ask now and whenever the server is found again. Called once, by the entry point. */
export function watchBrowserSession(): void {
  reconnections.subscribe(() => {
    void browserSession.show(keyOf(SessionDocument, "session"), (abort) => query(SessionDocument, {}, abort));
  });
}

const LOG_OUT_MS = 20_000;

/** End this browser's session at the server, and what was kept for it here; the page then begins anew. */
export async function logOut(): Promise<void> {
  const asked = { method: "POST", signal: AbortSignal.timeout(LOG_OUT_MS) };
  const answer = await fetch("/api/logout", asked).catch(() => null);
  if (!answer?.ok) throw new Error("the server did not end the session");
  forgetAll("data");
  location.assign("/");
}
