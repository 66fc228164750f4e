// One panel's data from first to last: saved from last time, loading, fresh, partly missing, stale, refused.

import { batch, computed, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Answer } from "../api/client.ts";
import { type ApiError, asApiError, type Problem } from "../api/errors.ts";
import { reachable } from "../api/reachability.ts";
import { now as present } from "../api/serverTime.ts";
import { forget, type Kept, recall, recallNewest, remember } from "../storage.ts";

export type Load<Data> = (signal: AbortSignal) => Promise<Answer<Data>>;

/** What a panel shows. `data` may stand beside any notice; without data there is a skeleton or a failure. */
export interface View<Data> {
  readonly data: Data | null;
  /** When the server gave the data, all of them; by its own time, milliseconds. */
  readonly at: number | null;
  /** Whether the data are what was asked for; if not, those of the previous key, or another part of the same thing. */
  readonly current: boolean;
  readonly loading: boolean;
  readonly notice: "none" | "partial" | "stale" | "offline" | "error" | "forbidden";
  readonly error: ApiError | null;
  readonly problems: readonly Problem[];
}

export interface Resource<Data> {
  readonly view: ReadonlySignal<View<Data>>;
  /** Show what belongs to this key: from the device at once, from the server as soon as it comes. */
  readonly show: (key: string, load: Load<Data>) => Promise<void>;
  readonly reload: () => Promise<void>;
  /** Load once more, after what is being loaded now: it may have been asked before something changed. */
  readonly invalidate: () => void;
  /** Show data that came in another way than by a query. */
  readonly set: (data: Data) => void;
  /** Change a part of the data at hand, for live updates: it makes the rest no younger. */
  readonly update: (change: (data: Data) => Data) => void;
  /** Keep the data at hand on the device, live changes included. */
  readonly save: () => void;
  readonly close: () => void;
}

export interface ResourceOptions {
  /** Data older than this are called stale until a newer answer is there; milliseconds. */
  readonly staleAfter?: number;
  /** Keep showing the previous key's data while the next key's are on their way. Where both keys have the same first
   *  line, they are of one thing: then also when the next key's can't be had. */
  readonly keepPrevious?: boolean;
  readonly now?: () => number;
}

const STALE_AFTER = 15 * 60_000;

export function createResource<Data>(options: ResourceOptions = {}): Resource<Data> {
  const { staleAfter = STALE_AFTER, keepPrevious = false, now = () => present.value } = options;
  const kept = signal<Kept<Data> | null>(null);
  const problems = signal<readonly Problem[]>([]);
  const error = signal<ApiError | null>(null);
  const loading = signal(false);
  let key = "";
  const keyOfData = signal("");
  let load: Load<Data> | null = null;
  let running: AbortController | null = null;
  let again = false;

  const old = computed(() => kept.value !== null && staleAfter < now() - kept.value.at);
  const view = computed<View<Data>>(() => ({
    data: kept.value?.data ?? null,
    at: kept.value?.at ?? null,
    current: kept.value !== null && keyOfData.value === key,
    loading: loading.value,
    notice: noticeOf(kept.value, error.value, problems.value, !loading.value && old.value),
    error: error.value,
    problems: problems.value,
  }));

  async function reload(): Promise<void> {
    if (!load) return;
    running?.abort();
    again = false;
    const mine = new AbortController();
    const asked = key;
    running = mine;
    loading.value = true;
    try {
      const answer = await load(mine.signal);
      if (running !== mine) return;
      const fresh = { at: untracked(now), data: answer.data };
      batch(() => {
        kept.value = fresh;
        keyOfData.value = asked;
        problems.value = answer.problems;
        error.value = null;
      });
      if (answer.problems.length === 0) remember(asked, fresh);
    } catch (thrown) {
      if (running !== mine) return;
      const failure = asApiError(thrown);
      batch(() => {
        error.value = failure;
        if (!alike(keyOfData.peek(), asked)) kept.value = null;
        if (failure.kind === "forbidden") {
          kept.value = null;
          forget(asked);
        }
      });
    } finally {
      if (running === mine) {
        running = null;
        loading.value = false;
        if (again) void reload();
      }
    }
  }

  return {
    view,
    reload,
    invalidate() {
      if (running) again = true;
      else void reload();
    },
    show(nextKey, nextLoad) {
      load = nextLoad;
      if (nextKey !== key) {
        key = nextKey;
        const known = recall<Data>(nextKey);
        const other = known || !keepPrevious ? null : recallNewest<Data>(partsOf(nextKey));
        batch(() => {
          if (known || !keepPrevious) {
            kept.value = known;
            keyOfData.value = nextKey;
          } else if (other && !(kept.peek() && alike(keyOfData.peek(), nextKey))) {
            kept.value = other.kept;
            keyOfData.value = other.key;
          }
          problems.value = [];
          error.value = null;
        });
      }
      return reload();
    },
    set(data) {
      kept.value = { at: untracked(now), data };
      keyOfData.value = key;
    },
    update(change) {
      const current = kept.peek();
      if (current) kept.value = { at: current.at, data: change(current.data) };
    },
    save() {
      const current = kept.peek();
      if (current && keyOfData.peek() === key && problems.peek().length === 0) remember(key, current);
    },
    close() {
      load = null;
      running?.abort();
      running = null;
    },
  };
}

/** The first line of a key of several; null of another. */
const partsOf = (key: string): string | null => /^.*\n/.exec(key)?.[0] ?? null;

const alike = (one: string, other: string): boolean =>
  one === other || (partsOf(one) !== null && partsOf(one) === partsOf(other));

function noticeOf<Data>(
  kept: Kept<Data> | null,
  error: ApiError | null,
  problems: readonly Problem[],
  old: boolean,
): View<Data>["notice"] {
  if (error?.kind === "forbidden") return "forbidden";
  if (error?.kind === "offline" || (kept && !reachable.value)) return "offline";
  if (error) return kept ? "stale" : "error";
  if (problems.length > 0) return "partial";
  return kept && old ? "stale" : "none";
}
