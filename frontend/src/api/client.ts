// Queries and mutations over POST /graphql: a time limit, retries where they are safe, and errors that
// say whether the network, the permission or the server was the cause.

import { fits, shapeOfAnswer } from "./answerShape.ts";
import { ApiError, localProblem, type Problem, readProblem } from "./errors.ts";
import type { Operation } from "./generated/operations.ts";
import { checkServer, noteAnswer, noteUnreachable } from "./reachability.ts";

export const ENDPOINT = "/graphql";
const TIME_LIMIT_MS = 20_000;
const QUERY_ATTEMPTS = 3;
const LONGEST_WAIT_MS = 5_000;

/** Data, with what is missing from them. */
export interface Answer<Data> {
  readonly data: Data;
  readonly problems: readonly Problem[];
}

export interface Transport {
  readonly fetch: typeof fetch;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  readonly random: () => number;
}

const browser: Transport = {
  fetch: (input, init) => fetch(input, init),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
};

async function attempt<Data>(body: string, signal: AbortSignal, transport: Transport): Promise<Answer<Data>> {
  let response: Response;
  const sent = Date.now();
  try {
    response = await transport.fetch(ENDPOINT, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      credentials: "same-origin",
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]),
    });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    if (thrown instanceof DOMException && thrown.name === "TimeoutError") {
      // A question may be hard; whether the server answers at all is another one.
      void checkServer();
      throw new ApiError(localProblem("TIMEOUT", "The server did not answer in time."));
    }
    noteUnreachable();
    throw new ApiError(localProblem("OFFLINE", "The server cannot be reached."), "offline");
  }
  noteAnswer(response, sent);
  const requestId = response.headers.get("x-request-id");
  const answer: unknown = await response.json().catch(() => null);
  const read = answer as { data?: Data | null; errors?: unknown[]; detail?: unknown; code?: unknown } | null;
  const problems = (read?.errors ?? [])
    .map(readProblem)
    .map((p) => ({ ...p, requestId: p.requestId ?? requestId }));
  if (read?.data) return { data: read.data, problems };
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  const first = problems[0] ?? fromStatus(response.status, read, requestId);
  throw new ApiError({ ...first, retryAfter: first.retryAfter ?? retryAfter });
}

function fromStatus(
  status: number,
  answer: { detail?: unknown; code?: unknown } | null,
  requestId: string | null,
): Problem {
  const fallback = status === 401 ? "UNAUTHENTICATED" : status === 403 ? "FORBIDDEN" : `HTTP_${status}`;
  const code = typeof answer?.code === "string" ? answer.code : fallback;
  const message =
    typeof answer?.detail === "string" ? answer.detail : `The server answered with status ${status}.`;
  return localProblem(code, message, { requestId, retryable: status === 429 || status >= 500 });
}

const OTHER_SHAPE = localProblem(
  "UNEXPECTED_ANSWER",
  "The server sent an unexpected answer. If it has just been upgraded, reload the page.",
  { retryable: false },
);

async function send<Data>(
  operation: string,
  variables: unknown,
  attempts: number,
  signal: AbortSignal,
  transport: Transport,
): Promise<Answer<Data>> {
  const body = JSON.stringify({ query: operation, variables });
  for (let tried = 1; ; tried += 1) {
    try {
      const answer = await attempt<Data>(body, signal, transport);
      if (Array.isArray(answer.data) || !fits(answer.data, shapeOfAnswer(operation)))
        throw new ApiError(OTHER_SHAPE);
      return answer;
    } catch (thrown) {
      const again = thrown instanceof ApiError && thrown.kind !== "offline" && thrown.problem.retryable;
      if (!again || tried >= attempts) throw thrown;
      const asked = (thrown.problem.retryAfter ?? 0) * 1000;
      if (asked > LONGEST_WAIT_MS) throw thrown;
      await transport.wait(Math.max(asked, 300 * 2 ** tried * (0.5 + transport.random() / 2)));
      signal.throwIfAborted();
    }
  }
}

const NEVER = new AbortController().signal;

/** Ask; try again, a few times, what the server calls retryable.
 *  @throws ApiError; the signal's reason when aborted. */
export function query<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal: AbortSignal = NEVER,
  transport: Transport = browser,
): Promise<Answer<Data>> {
  return send<Data>(operation, variables, QUERY_ATTEMPTS, signal, transport);
}

/** Change something: sent once, because only the reader knows whether to send it again.
 *  @throws ApiError. */
export function mutate<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  transport: Transport = browser,
): Promise<Answer<Data>> {
  return send<Data>(operation, variables, 1, NEVER, transport);
}
