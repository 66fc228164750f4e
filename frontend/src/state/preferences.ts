// The reader's own choices. They stay on the device.

import { effect, signal } from "@preact/signals";
import { keepPreference, readPreference } from "../storage.ts";

export type Theme = "system" | "light" | "dark";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

const isTheme = (kept: unknown): kept is Theme => THEMES.includes(kept as Theme);
const areKeys = (kept: unknown): kept is string[] =>
  Array.isArray(kept) && kept.every((key) => typeof key === "string");

export const theme = signal<Theme>(readPreference("theme", "system", isTheme));

/** Keys of starred series, `SYMBOL|dataset|measure|interval`. */
export const stars = signal<ReadonlySet<string>>(new Set(readPreference<string[]>("stars", [], areKeys)));

/** The symbol in a star's key. */
export const symbolOf = (key: string): string => key.split("|").slice(0, -3).join("|");

export function toggleStar(key: string): void {
  const next = new Set(stars.peek());
  if (!next.delete(key)) next.add(key);
  stars.value = next;
  keepPreference("stars", [...next]);
}

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length] ?? "system";
  keepPreference("theme", theme.peek());
}

/** Let the document follow the chosen theme. Called once, by the entry point. */
export function watchTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}
