// Ties a panel's data and the clock to a component's life.

import { useEffect, useMemo } from "preact/hooks";
import { type Answer, query } from "../api/client.ts";
import { ApiError } from "../api/errors.ts";
import type { Operation } from "../api/generated/operations.ts";
import { reconnections } from "../api/reachability.ts";
import { keyOf } from "../storage.ts";
import { createResource, type Load, type Resource, type ResourceOptions } from "./resource.ts";

const LOOK_AGAIN_MS = 60_000;

interface UseOptions extends ResourceOptions {
  readonly everyMs?: number;
  /** Names the data in place of the variables, which then only say how to ask for them. */
  readonly key?: string;
}

/** The answer to a query, reduced to what a panel shows. */
export function useQuery<Data, Variables, Shown>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Shown | null,
  options: UseOptions = {},
): Resource<Shown> {
  const key = keyOf(operation, options.key ?? JSON.stringify(variables));
  const load: Load<Shown> = async (abort) => pickFrom(await query(operation, variables, abort), pick);
  return useResource(key, load, options, JSON.stringify(variables));
}

/** A panel's data, loaded when the key or how it is `asked` for changes, and again when the server returns, when the reader comes back to
 *  the page, and every `everyMs` while it is in view. */
export function useResource<Shown>(
  key: string,
  load: Load<Shown>,
  options: UseOptions = {},
  asked = "",
): Resource<Shown> {
  const resource = useMemo(() => createResource<Shown>(options), []);

  useEffect(() => {
    void resource.show(key, load);
  }, [key, asked]);

  useEffect(() => {
    let last = Date.now();
    const again = (): void => {
      last = Date.now();
      void resource.reload();
    };
    const seen = (): void => {
      if (document.visibilityState === "hidden") resource.save();
      else if (Date.now() - last > LOOK_AGAIN_MS) again();
    };
    const timer = options.everyMs
      ? setInterval(() => document.visibilityState === "visible" && again(), options.everyMs)
      : undefined;
    document.addEventListener("visibilitychange", seen);
    let first = true;
    const quiet = reconnections.subscribe(() => {
      if (!first) again();
      first = false;
    });
    return () => {
      resource.save();
      resource.close();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
      quiet();
    };
  }, []);

  return resource;
}

/** What a panel shows of an answer. A part that is null because of an error is that error.
 *  @throws ApiError. */
export function pickFrom<Data, Shown>(
  answer: Answer<Data>,
  pick: (data: Data) => Shown | null,
): Answer<Shown> {
  const shown = pick(answer.data);
  const first = answer.problems[0];
  if (shown === null || shown === undefined) {
    throw new ApiError(
      first ?? {
        message: "The server has no data for this address.",
        code: "NOT_FOUND",
        requestId: null,
        retryable: false,
        retryAfter: null,
        path: "",
      },
    );
  }
  return { data: shown, problems: answer.problems };
}
