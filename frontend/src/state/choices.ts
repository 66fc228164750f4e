// The reader's own choices. They stay on the device.

import { effect, signal } from "@preact/signals";
import { keepChoice, readChoice } from "./device.ts";

export type Theme = "system" | "light" | "dark";

const savedTheme = readChoice<Theme>("theme", "system");
export const theme = signal<Theme>(["light", "dark"].includes(savedTheme) ? savedTheme : "system");

/** Keys of starred series, `SYMBOL|source|measure|interval`. */
export const stars = signal<ReadonlySet<string>>(new Set(readChoice<string[]>("stars", [])));

/** The symbol in a star's key. */
export const symbolOf = (key: string): string => key.split("|").slice(0, -3).join("|");

export function toggleStar(key: string): void {
  const next = new Set(stars.peek());
  if (!next.delete(key)) next.add(key);
  stars.value = next;
  keepChoice("stars", [...next]);
}

export function nextTheme(): void {
  const order: readonly Theme[] = ["system", "light", "dark"];
  theme.value = order[(order.indexOf(theme.peek()) + 1) % order.length] ?? "system";
  keepChoice("theme", theme.peek());
}

/** Let the document follow the chosen theme. Called once, by the entry point. */
export function watchTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}
