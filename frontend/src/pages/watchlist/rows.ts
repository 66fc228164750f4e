// The rows of the watchlist, and how live values move them.

import type { WatchlistQuery } from "../../api/generated/operations.ts";
import { direction, precisionOf } from "../../format/number.ts";
import { sourceLabel } from "../../format/sourceLabel.ts";
import { eventPoints, isNewer, latestAfter } from "../../state/latest.ts";
import type { ObservationsEvent } from "../../state/observations.ts";

export type Watchlist = WatchlistQuery["instruments"];
type Instrument = Watchlist["edges"][number]["node"];
/** `moved`: which way the last live value went, until the next answer of the server. */
type Series = Instrument["series"][number] & { readonly moved?: "up" | "down" | "flat" };

export interface Row extends Omit<Series, "id"> {
  readonly key: string;
  readonly symbol: string;
  readonly name: string;
  readonly assetClass: Instrument["assetClass"];
  readonly decimals: number;
  /** Its source; its dataset where the source has several of the kind, as files have. */
  readonly from: string;
}

/** As many values as the document asks of each series. */
const MOST_RECENT = 30;
const made = new WeakMap<Series, Row>();

function rowOf(instrument: Instrument, series: Series): Row {
  const known = made.get(series);
  if (known) return known;
  const row: Row = {
    ...series,
    key: [instrument.symbol, series.dataset, series.measure, series.interval].join("|"),
    symbol: instrument.symbol,
    name: instrument.name,
    assetClass: instrument.assetClass,
    decimals: precisionOf([...series.recent.value, series.latest?.value]),
    from: sourceLabel(series, instrument.series),
  };
  made.set(series, row);
  return row;
}

/** One row a series; the same series object gives the same row object. */
export function rowsOf(watchlist: Watchlist): Row[] {
  return watchlist.edges.flatMap(({ node }) => node.series.map((series) => rowOf(node, series)));
}

/** The watchlist after an event. Untouched parts stay the same objects. */
export function withEvent(watchlist: Watchlist, event: ObservationsEvent): Watchlist {
  const edges = watchlist.edges.map((edge) => {
    if (edge.node.symbol !== event.symbol) return edge;
    const series = edge.node.series.map((one) =>
      one.dataset === event.dataset && one.measure === event.measure && one.interval === event.interval
        ? moved(one, event)
        : one,
    );
    return { ...edge, node: { ...edge.node, series } };
  });
  return { ...watchlist, edges };
}

function moved(series: Series, event: ObservationsEvent): Series {
  let { latest } = series;
  let { value: recent, asOfMs: times } = series.recent;
  let way: Series["moved"];
  for (const point of eventPoints(event)) {
    const next = point && latestAfter(latest, point);
    if (!next) continue;
    way = direction(next.value - (latest?.value ?? next.value));
    const last = isNewer(point, latest) ? [-(MOST_RECENT - 1)] : [0, -1];
    recent = [...recent.slice(...last), next.value];
    times = [...times.slice(...last), Date.parse(next.asOf)];
    latest = next;
  }
  return way ? { ...series, latest, recent: { value: recent, asOfMs: times }, moved: way } : series;
}

export type SortColumn = "symbol" | "changePercent" | "latest";
export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

export interface Filter {
  readonly text: string;
  readonly assetClass: string | null;
  readonly onlyStars: boolean;
}

/** Rows that answer the filter, starred ones first, in the asked order; rows without the sorted figure last. */
export function arrange(rows: readonly Row[], filter: Filter, stars: ReadonlySet<string>, sort: Sort): Row[] {
  const words = filter.text.trim().toLowerCase().split(/\s+/);
  const wanted = rows.filter((row) => {
    const text = `${row.symbol} ${row.name} ${row.source} ${row.dataset}`.toLowerCase();
    return (
      (filter.assetClass === null || row.assetClass === filter.assetClass) &&
      (!filter.onlyStars || stars.has(row.key)) &&
      words.every((word) => text.includes(word))
    );
  });
  const figure = (row: Row): number | null =>
    sort.column === "changePercent"
      ? (row.latest?.changePercent ?? null)
      : row.latest
        ? Date.parse(row.latest.asOf)
        : null;
  const turn = sort.descending ? -1 : 1;
  return wanted.sort((a, b) => {
    const starred = Number(stars.has(b.key)) - Number(stars.has(a.key));
    if (starred !== 0) return starred;
    const bySymbol = a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.key < b.key ? -1 : 1;
    if (sort.column === "symbol") return turn * bySymbol;
    const [x, y] = [figure(a), figure(b)];
    if (x === null || y === null) return x === y ? bySymbol : x === null ? 1 : -1;
    return turn * (x - y) || bySymbol;
  });
}
