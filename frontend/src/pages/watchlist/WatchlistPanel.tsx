// Every series at a glance: what it is worth, how it moved, and whether to believe it.

import { useEffect, useState } from "preact/hooks";
import { WatchlistDocument } from "../../api/generated/operations.ts";
import { LiveStates } from "../../components/LiveState.tsx";
import { Lines, Panel } from "../../components/Panel.tsx";
import { count } from "../../format/number.ts";
import type { Tick } from "../../state/liveness.ts";
import { needsReload, useObservations } from "../../state/observations.ts";
import { stars } from "../../state/preferences.ts";
import { useResource } from "../../state/useQuery.ts";
import { keyOf } from "../../storage.ts";
import { DatasetNotices } from "./DatasetNotices.tsx";
import { datasetNotes, endsOf } from "./datasetNotes.ts";
import { newestVerdicts } from "./datasetVerdicts.ts";
import { Filters } from "./Filters.tsx";
import { assetClass, clearFilter, onlyStars, sort, text } from "./filter.ts";
import { loadWatchlist } from "./loadWatchlist.ts";
import { arrange, rowsOf, type Watchlist, withEvent } from "./rows.ts";
import { WatchTable } from "./WatchTable.tsx";

const POLL_MS = 60_000;

export function WatchlistPanel() {
  const [pages, setPages] = useState(1);
  const [asked, setAsked] = useState("");
  const [large, setLarge] = useState(false);
  const search = large && asked ? asked : null;
  const list = useResource(
    keyOf(WatchlistDocument, `${search}:${pages}`),
    (abort) => loadWatchlist(search, pages, abort),
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
      <DatasetNotices judged={judged} ends={rows.some((row) => !row.quoted)} />
      {shown.length === 0 ? (
        <div class="blank">
          <p>
            {onlyStars.value && stars.value.size === 0
              ? "No starred series yet. Use the star beside a symbol to add it here; stars are saved on this device only."
              : looking
                ? "No loaded series matches this filter; searching the server."
                : "No series matches this filter."}
          </p>
          <button type="button" class="button" onClick={clearFilter}>
            Clear filter
          </button>
        </div>
      ) : (
        <WatchTable rows={shown} ends={ends} judged={judged} sort={sort} />
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

/** The newest ticks of the rows that are still quoted. */
const ticksOf = (held: Watchlist): Tick[] =>
  rowsOf(held).flatMap(({ quoted, latest, interval }) => (latest && quoted ? [{ ...latest, interval }] : []));

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
