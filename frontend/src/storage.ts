// What the device keeps: the last good data of each panel, small, and the reader's own choices. A browser
// that refuses storage (private mode, full disk) only loses the memory, never the page.

const PREFIX = "mktdash:";
// The number grows with the form of what is kept; what stands under a former one is forgotten.
const CACHE = `${PREFIX}cache2:`;
const MOST_ENTRIES = 40;
const LONGEST_ENTRY = 250_000;

/** Data with the moment (milliseconds since 1970) at which the server gave them. */
export interface Kept<Data> {
  readonly at: number;
  readonly data: Data;
}

function storage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

function read(key: string): unknown {
  try {
    const text = storage()?.getItem(key);
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** The one reader of kept data: null for anything that this page did not write, or not in full. */
function readKept<Data>(key: string): Kept<Data> | null {
  const held = read(key) as { at?: unknown; data?: Data; sum?: unknown } | null;
  const { at, data, sum } = held ?? {};
  if (typeof at !== "number" || !Number.isFinite(at) || data === undefined) return null;
  return sum === sumOf(at, data) ? { at, data } : null;
}

const sumOf = (at: number, data: unknown): string => hashOf(`${at}${JSON.stringify(data)}`);

function entries(store: Storage): { key: string; at: number }[] {
  return Array.from({ length: store.length }, (_, i) => store.key(i))
    .filter((key): key is string => key?.startsWith(CACHE) ?? false)
    .map((key) => ({ key, at: ageOf(key) }))
    .sort((a, b) => a.at - b.at);
}

function ageOf(key: string): number {
  const at = (read(key) as { at?: unknown } | null)?.at;
  return typeof at === "number" ? at : 0;
}

/** Keep a panel's data; the oldest of the others give way. Too large a piece is not kept. */
export function remember<Data>(key: string, kept: Kept<Data>): void {
  const store = storage();
  const text = JSON.stringify({ ...kept, sum: sumOf(kept.at, kept.data) });
  if (!store || text.length > LONGEST_ENTRY) return;
  const others = entries(store).filter((entry) => entry.key !== CACHE + key);
  for (const old of others.slice(0, Math.max(0, others.length - MOST_ENTRIES + 1))) store.removeItem(old.key);
  for (let next = 0; ; next += 1) {
    try {
      store.setItem(CACHE + key, text);
      return;
    } catch {
      const oldest = others[next];
      if (!oldest) return;
      store.removeItem(oldest.key);
    }
  }
}

export function recall<Data>(key: string): Kept<Data> | null {
  return readKept<Data>(CACHE + key);
}

/** The newest of what is kept under keys that begin so; null without such a beginning. */
export function recallNewest<Data>(beginning: string | null): { key: string; kept: Kept<Data> } | null {
  const store = storage();
  if (!store || beginning === null) return null;
  const found = entries(store).filter(({ key }) => key.startsWith(CACHE + beginning));
  const key = found.at(-1)?.key.slice(CACHE.length);
  const kept = key === undefined ? null : recall<Data>(key);
  return key !== undefined && kept ? { key, kept } : null;
}

export function forget(key: string): void {
  storage()?.removeItem(CACHE + key);
}

/** The key of an operation's data, so that a newer page never reads what an older one kept of another operation. */
export const keyOf = (operation: string, of: string): string => `${hashOf(operation)}:${of}`;

function hashOf(text: string): string {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return (hash >>> 0).toString(36);
}

/** What to forget: the data of former forms of this page, all data, or the reader's own choices with them. */
export type Forgotten = "former" | "data" | "everything";

export function forgetAll(what: Forgotten): void {
  const store = storage();
  const keys = store ? Array.from({ length: store.length }, (_, i) => store.key(i) ?? "") : [];
  const goes = {
    former: (key: string) => key.startsWith(`${PREFIX}cache`) && !key.startsWith(CACHE),
    data: (key: string) => key.startsWith(`${PREFIX}cache`),
    everything: (key: string) => key.startsWith(PREFIX),
  }[what];
  for (const key of keys) if (goes(key)) store?.removeItem(key);
}

/** A choice of the reader's; the fallback where what is kept is none. */
export function readPreference<Value>(
  name: string,
  fallback: Value,
  is: (kept: unknown) => kept is Value,
): Value {
  const kept = read(PREFIX + name);
  return is(kept) ? kept : fallback;
}

export function keepPreference<Value>(name: string, value: Value): void {
  try {
    storage()?.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The choice holds for this visit only.
  }
}
