// Ends a socket whose other side has fallen silent: a hung server or a half-open connection closes nothing by itself.

import type { Client } from "graphql-ws";

/** A quiet socket is pinged this often. */
export const PING_EVERY_MS = 10_000;
/** A connection, or the answer to a ping, is waited for so long. */
export const ANSWER_WITHIN_MS = 10_000;

/** Watch a client's sockets; `heard` is called for whatever comes from the server. */
export function endWhenSilent(client: Pick<Client, "on" | "terminate">, heard: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = (): void => clearTimeout(timer);
  const wait = (): void => {
    quiet();
    timer = setTimeout(() => client.terminate(), ANSWER_WITHIN_MS);
  };
  client.on("connecting", wait);
  client.on("ping", (received) => {
    if (!received) wait();
  });
  client.on("message", () => {
    quiet();
    heard();
  });
  client.on("error", quiet);
  client.on("closed", quiet);
}
