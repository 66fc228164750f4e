// What can go wrong between the page and the server, in the words a panel needs to show it.

/** One entry of a GraphQL answer's `errors`, with the extensions that the server promises. */
export interface Problem {
  readonly message: string;
  readonly code: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter: number | null;
  /** The path of the field that is missing because of it, as `series.quality`. */
  readonly path: string;
}

export type FailureKind = "offline" | "forbidden" | "failed";

/** A request that gave no data. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;
  readonly kind: FailureKind;

  constructor(problem: Problem, kind: FailureKind = kindOf(problem.code)) {
    super(problem.message);
    this.problem = problem;
    this.kind = kind;
  }
}

const REFUSALS = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

function kindOf(code: string): FailureKind {
  return REFUSALS.has(code) ? "forbidden" : "failed";
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Read one GraphQL error as it came over the wire; anything missing gets the cautious value. */
export function readProblem(raw: unknown): Problem {
  const error = isRecord(raw) ? raw : {};
  const extensions = isRecord(error.extensions) ? error.extensions : {};
  return {
    message:
      typeof error.message === "string" ? error.message : "The server reported an error without a message.",
    code: typeof extensions.code === "string" ? extensions.code : "INTERNAL",
    requestId: typeof extensions.requestId === "string" ? extensions.requestId : null,
    retryable: extensions.retryable === true,
    retryAfter: typeof extensions.retryAfter === "number" ? extensions.retryAfter : null,
    path: Array.isArray(error.path) ? error.path.join(".") : "",
  };
}

/** A failure that the page itself noticed. */
export function localProblem(code: string, message: string, facts: Partial<Problem> = {}): Problem {
  return { message, code, requestId: null, retryable: true, retryAfter: null, path: "", ...facts };
}

/** Any thrown value as an ApiError, so that a panel has one thing to show. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError(localProblem("PAGE_FAILED", message, { retryable: false }));
}
