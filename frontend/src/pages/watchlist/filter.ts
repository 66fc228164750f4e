// How the list is filtered and sorted.

import { signal } from "@preact/signals";
import type { Sort } from "./rows.ts";

// They outlive the component: the reader comes back from a series to the list as it was.
export const text = signal("");
export const assetClass = signal<string | null>(null);
export const onlyStars = signal(false);
export const sort = signal<Sort>({ column: "symbol", descending: false });

export function clearFilter(): void {
  text.value = "";
  assetClass.value = null;
  onlyStars.value = false;
}
