// Loads the list from the server, a page at a time.

import { type Answer, query } from "../../api/client.ts";
import { WatchlistDocument } from "../../api/generated/operations.ts";
import { symbolBatches } from "../../api/symbolBatches.ts";
import { stars, symbolOf } from "../../state/preferences.ts";
import { pickFrom } from "../../state/useQuery.ts";
import type { Watchlist } from "./rows.ts";

const PAGE_SIZE = 100;

/** The first pages of the list, one after the other, and the starred instruments beyond them by name. */
export async function loadWatchlist(
  search: string | null,
  pages: number,
  abort: AbortSignal,
): Promise<Answer<Watchlist>> {
  let list = await page(search, null, abort);
  for (let more = pages - 1; more > 0 && list.data.pageInfo.hasNextPage; more -= 1) {
    const next = await page(search, list.data.pageInfo.endCursor, abort);
    list = {
      data: { ...next.data, edges: [...list.data.edges, ...next.data.edges] },
      problems: [...list.problems, ...next.problems],
    };
  }
  return list.data.pageInfo.hasNextPage && search === null ? withStarred(list, abort) : list;
}

async function withStarred(list: Answer<Watchlist>, abort: AbortSignal): Promise<Answer<Watchlist>> {
  const here = new Set(list.data.edges.map((edge) => edge.node.symbol));
  const wanted = [...new Set([...stars.peek()].map(symbolOf))].filter(
    (symbol) => symbol && !here.has(symbol),
  );
  let { data, problems } = list;
  for (const symbols of symbolBatches(wanted)) {
    const found = await query(WatchlistDocument, { symbols, first: symbols.length }, abort);
    data = { ...data, edges: [...data.edges, ...found.data.instruments.edges] };
    problems = [...problems, ...found.problems];
  }
  return { data, problems };
}

async function page(
  search: string | null,
  after: string | null,
  abort: AbortSignal,
): Promise<Answer<Watchlist>> {
  return pickFrom(
    await query(WatchlistDocument, { search, first: PAGE_SIZE, after }, abort),
    (data) => data.instruments,
  );
}
