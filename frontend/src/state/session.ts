// Who the reader is to the server, and which server it is: asked once for the whole page.

import { query } from "../api/client.ts";
import type { SessionQuery } from "../api/generated/operations.ts";
import { SessionDocument } from "../api/generated/operations.ts";
import { returned } from "./network.ts";
import { createResource } from "./resource.ts";

export const session = createResource<SessionQuery>({ staleAfter: Number.POSITIVE_INFINITY });

/** Ask now and whenever the server is found again. Called once, by the entry point. */
export function watchSession(): void {
  returned.subscribe(() => {
    void session.show("session", (abort) => query(SessionDocument, {}, abort));
  });
}
