// What the device keeps: the last good data of each panel, small, and the reader's own choices. A browser
// that refuses storage (private mode, full disk) only loses the memory, never the page.

const PREFIX = "mktdash:";
const CACHE = `${PREFIX}cache:`;
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

function read<Value>(key: string): Value | null {
  try {
    const text = storage()?.getItem(key);
    return text ? (JSON.parse(text) as Value) : null;
  } catch {
    return null;
  }
}

function entries(store: Storage): { key: string; at: number }[] {
  return Array.from({ length: store.length }, (_, i) => store.key(i))
    .filter((key): key is string => key?.startsWith(CACHE) ?? false)
    .map((key) => ({ key, at: read<Kept<unknown>>(key)?.at ?? 0 }))
    .sort((a, b) => a.at - b.at);
}

/** Keep a panel's data; the oldest of the others give way. Too large a piece is not kept. */
export function remember<Data>(key: string, kept: Kept<Data>): void {
  const store = storage();
  const text = JSON.stringify(kept);
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
  return read<Kept<Data>>(CACHE + key);
}

/** The newest of what is kept under keys that begin so; null without such a beginning. */
export function recallLike<Data>(beginning: string | null): { key: string; kept: Kept<Data> } | null {
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

/** Forget all data that are kept here; the reader's own choices stay. */
export function forgetAll(): void {
  const store = storage();
  if (store) for (const { key } of entries(store)) store.removeItem(key);
}

/** A short name for the shape of cached data, so that a newer page never reads what an older one kept. */
export function shapeOf(operation: string): string {
  let hash = 2166136261;
  for (let i = 0; i < operation.length; i += 1) hash = Math.imul(hash ^ operation.charCodeAt(i), 16777619);
  return (hash >>> 0).toString(36);
}

export function readChoice<Value>(name: string, fallback: Value): Value {
  return read<Value>(PREFIX + name) ?? fallback;
}

export function keepChoice<Value>(name: string, value: Value): void {
  try {
    storage()?.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The choice holds for this visit only.
  }
}
