import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { mutate, query, type Transport } from "../../src/api/client.ts";
import { ApiError } from "../../src/api/errors.ts";
import type { Operation } from "../../src/api/generated/operations.ts";
import { noteReachable, reachable } from "../../src/api/reachability.ts";

const OPERATION = "query Q{a}" as Operation<{ a: number | null }, Record<string, never>>;

interface Script extends Transport {
  readonly waits: number[];
  readonly calls: () => number;
}

/** Answers in turn; a thrown value is a network failure. */
function scripted(...answers: (Response | Error)[]): Script {
  const waits: number[] = [];
  let called = 0;
  return {
    waits,
    calls: () => called,
    fetch: async () => {
      const answer = answers[called];
      called += 1;
      if (!answer || answer instanceof Error) throw answer ?? new Error("asked once too often");
      return answer;
    },
    wait: async (ms) => void waits.push(ms),
    random: () => 1,
  };
}

const answered = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

const failing = (extensions: Record<string, unknown>, message = "no"): Response =>
  answered({ data: null, errors: [{ message, extensions }] });

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const thrown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApiError)) throw new Error(`not an ApiError: ${String(thrown)}`);
  return thrown;
}

beforeEach(noteReachable);

test("data come with what is missing from them", async () => {
  const body = {
    data: { a: null },
    errors: [{ message: "late", path: ["a"], extensions: { code: "UNAVAILABLE" } }],
  };

  const answer = await query(
    OPERATION,
    {},
    undefined,
    scripted(answered(body, 200, { "x-request-id": "r1" })),
  );

  expect(answer.data).toEqual({ a: null });
  expect(answer.problems).toMatchObject([
    { message: "late", code: "UNAVAILABLE", path: "a", requestId: "r1" },
  ]);
});

test("a retryable failure is tried again, waiting as long as the server asks", async () => {
  const script = scripted(
    failing({ code: "UNAVAILABLE", retryable: true, retryAfter: 2 }),
    answered({ data: { a: 1 } }),
  );

  const answer = await query(OPERATION, {}, undefined, script);

  expect(answer.data).toEqual({ a: 1 });
  expect(script.waits).toEqual([2000]);
});

test("a query gives up after three attempts and says why", async () => {
  const busy = (): Response =>
    answered({ code: "UNAVAILABLE", detail: "the store is away" }, 503, { "x-request-id": "r9" });
  const script = scripted(busy(), busy(), busy());

  const failure = await failureOf(query(OPERATION, {}, undefined, script));

  expect(script.calls()).toBe(3);
  expect(failure.problem).toMatchObject({
    code: "UNAVAILABLE",
    message: "the store is away",
    requestId: "r9",
  });
});

test("a server that asks for a long wait is not hung upon", async () => {
  const script = scripted(answered({}, 429, { "retry-after": "120" }));

  const failure = await failureOf(query(OPERATION, {}, undefined, script));

  expect(script.calls()).toBe(1);
  expect(failure.problem).toMatchObject({ code: "HTTP_429", retryAfter: 120 });
});

test("an error that asking again cannot change is not retried", async () => {
  const script = scripted(failing({ code: "UNKNOWN_SYMBOL", retryable: false, requestId: "r2" }));

  const failure = await failureOf(query(OPERATION, {}, undefined, script));

  expect(script.calls()).toBe(1);
  expect(failure.kind).toBe("failed");
  expect(failure.problem.requestId).toBe("r2");
});

test.each(["UNAUTHENTICATED", "FORBIDDEN"])("%s is a refusal", async (code) => {
  const failure = await failureOf(query(OPERATION, {}, undefined, scripted(failing({ code }))));

  expect(failure.kind).toBe("forbidden");
});

test("a change is sent once, whatever comes back", async () => {
  const script = scripted(failing({ code: "UNAVAILABLE", retryable: true }));

  await failureOf(mutate(OPERATION, {}, script));

  expect(script.calls()).toBe(1);
});

test("no network is offline, and the page knows the server is out of reach", async () => {
  // What would ask again in a few seconds stays out of the tests after this one.
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const failure = await failureOf(
    query(OPERATION, {}, undefined, scripted(new TypeError("Failed to fetch"))),
  );

  expect(failure.kind).toBe("offline");
  expect(reachable.value).toBe(false);
});

test("an answer that is not JSON is an error with its status, not a crash", async () => {
  const page = new Response("<html>proxy</html>", { status: 404 });

  const failure = await failureOf(query(OPERATION, {}, undefined, scripted(page)));

  expect(failure.problem).toMatchObject({ code: "HTTP_404", retryable: false });
});

test("an aborted query fails as aborted and not as offline", async () => {
  const abort = new AbortController();
  abort.abort(new DOMException("gone", "AbortError"));

  await expect(
    query(OPERATION, {}, abort.signal, scripted(new TypeError("Failed to fetch"))),
  ).rejects.not.toBeInstanceOf(ApiError);
  expect(reachable.value).toBe(true);
});
