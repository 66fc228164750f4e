// Every series at a glance: what it is worth, how it moved, and whether to believe it.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, query } from "../../api/client.ts";
import { WatchlistDocument } from "../../api/generated/operations.ts";
import { serverNow } from "../../api/serverTime.ts";
import { symbolBatches } from "../../api/symbolBatches.ts";
import { Icon } from "../../components/Icon.tsx";
import { LiveStates } from "../../components/LiveState.tsx";
import { Lines, Panel } from "../../components/Panel.tsx";
import { count } from "../../format/number.ts";
import type { Tick } from "../../state/liveness.ts";
import { needsReload, useObservations } from "../../state/observations.ts";
import { stars, symbolOf } from "../../state/preferences.ts";
import { pickFrom, useResource } from "../../state/useQuery.ts";
import { useTitle } from "../../state/useTitle.ts";
import { keyOf } from "../../storage.ts";
import { DatasetNotices } from "./DatasetNotices.tsx";
import { datasetNotes, endsOf } from "./datasetNotes.ts";
import { newestVerdicts } from "./datasetVerdicts.ts";
import { arrange, mayHaveEnded, rowsOf, type Sort, silentKeys, type Watchlist, withEvent } from "./rows.ts";
import { WatchTable } from "./WatchTable.tsx";

const CLASSES: Record<string, string> = {
  FX: "FX",
  RATE: "Rates",
  INDEX: "Indices",
  EQUITY: "Equities",
  COMMODITY: "Commodities",
  CRYPTO: "Crypto",
  MACRO: "Macro",
  SIMULATED: "Simulated",
};
const PAGE_SIZE = 100;
const POLL_MS = 60_000;

// They outlive the component: the reader comes back from a series to the list as it was.
const text = signal("");
const assetClass = signal<string | null>(null);
const onlyStars = signal(false);
const sort = signal<Sort>({ column: "symbol", descending: false });

export function WatchlistPage() {
  const [pages, setPages] = useState(1);
  const [asked, setAsked] = useState("");
  const [large, setLarge] = useState(false);
  const search = large && asked ? asked : null;
  const list = useResource(
    keyOf(WatchlistDocument, `${search}:${pages}`),
    (abort) => load(search, pages, abort),
    {
      keepPrevious: true,
      everyMs: POLL_MS,
    },
  );
  const { data, current, error } = list.view.value;
  const looking = asked !== text.value.trim() || (!current && !error);

  // Only a list that does not fit one page needs the server for a search.
  useEffect(() => {
    if (data?.pageInfo.hasNextPage) setLarge(true);
  }, [data]);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.value.trim()), 250);
    return () => clearTimeout(timer);
  }, [text.value]);
  useTitle("Watchlist");

  const symbols = large && data ? data.edges.map((edge) => edge.node.symbol) : null;
  useObservations(symbols, {
    onEvent: (event) =>
      needsReload(event) ? list.invalidate() : list.update((held) => withEvent(held, event)),
    onGap: () => list.invalidate(),
  });

  return (
    <Panel
      title="Watchlist"
      level={1}
      class="watch"
      of={list}
      actions={data && <LiveStates ticks={ticksOf(data)} />}
      isEmpty={(held) => held.edges.length === 0 && !asked}
      empty={<Nothing />}
      skeleton={<Lines count={12} />}
    >
      {(held) => <List held={held} looking={large && looking} more={() => setPages(pages + 1)} />}
    </Panel>
  );
}

interface ListProps {
  readonly held: Watchlist;
  /** Whether the server is being asked for what else there is. */
  readonly looking: boolean;
  readonly more: () => void;
}

function List({ held, looking, more }: ListProps) {
  const rows = rowsOf(held);
  const ends = endsOf(rows, datasetNotes.value);
  const silent = silentKeys(rows);
  const judged = newestVerdicts(rows);
  const classes = [...new Set(rows.map((row) => row.assetClass))];
  const filter = { text: text.value, assetClass: assetClass.value, onlyStars: onlyStars.value };
  const shown = arrange(rows, filter, stars.value, sort.value);
  return (
    <>
      <Filters
        classes={classes}
        counted={`${shown.length} of ${rows.length}${held.pageInfo.hasNextPage ? " loaded" : ""}`}
      />
      <DatasetNotices judged={judged} ends={rows.some((row) => mayHaveEnded(row, serverNow()))} />
      {shown.length === 0 ? (
        <div class="blank">
          <p>
            {onlyStars.value && stars.value.size === 0
              ? "No starred series yet. Use the star beside a symbol to add it here; stars are saved on this device only."
              : looking
                ? "No loaded series matches this filter; searching the server."
                : "No series matches this filter."}
          </p>
          <button type="button" class="button" onClick={clear}>
            Clear filter
          </button>
        </div>
      ) : (
        <WatchTable rows={shown} silent={silent} ends={ends} judged={judged} sort={sort} />
      )}
      {held.pageInfo.hasNextPage && (
        <p class="quiet">
          Loaded {count(held.edges.length)} of {count(held.totalCount)} instruments. Filters and sorting cover
          these; search covers all.
        </p>
      )}
      {held.pageInfo.hasNextPage && (
        <button type="button" class="button more" onClick={more}>
          Load more
        </button>
      )}
    </>
  );
}

/** The newest ticks of the rows with recent values. */
function ticksOf(held: Watchlist): Tick[] {
  const rows = rowsOf(held);
  const silent = silentKeys(rows);
  const ends = endsOf(rows, datasetNotes.value);
  return rows.flatMap(({ key, latest, interval }) =>
    latest && !silent.has(key) && !ends.has(key) ? [{ ...latest, interval }] : [],
  );
}

/** The first pages of the list, one after the other, and the starred instruments beyond them by name. */
async function load(search: string | null, pages: number, abort: AbortSignal): Promise<Answer<Watchlist>> {
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

function clear(): void {
  text.value = "";
  assetClass.value = null;
  onlyStars.value = false;
}

function Filters({ classes, counted }: { classes: readonly string[]; counted: string }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.closest("input,select,textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <div class="filters">
      <label class="search">
        <span class="sr">Search symbols and names</span>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          placeholder="Symbol or name"
          value={text.value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      <fieldset class="chips">
        <legend class="sr">Asset class</legend>
        <button
          type="button"
          aria-pressed={onlyStars.value}
          onClick={() => {
            onlyStars.value = !onlyStars.value;
          }}
        >
          <Icon name="star" filled={onlyStars.value} /> Starred
        </button>
        {[null, ...classes].map((one) => (
          <button
            type="button"
            key={one ?? ""}
            aria-pressed={assetClass.value === one}
            onClick={() => {
              assetClass.value = one;
            }}
          >
            {one === null ? "All" : (CLASSES[one] ?? one)}
          </button>
        ))}
      </fieldset>
      <span class="counted" role="status">
        {counted}
      </span>
    </div>
  );
}

function Nothing() {
  return (
    <>
      <p>
        <b>No series yet.</b>
      </p>
      <p>
        The first data are being loaded, or no source is enabled. Run <code>mktdash ingest ecb</code> to load
        the ECB reference rates.
      </p>
    </>
  );
}
