// The watchlist's table: one row a series, a link on the whole row, columns that a phone can do without left out there.

import type { Signal } from "@preact/signals";
import { Component } from "preact";
import type { EndFragment } from "../../api/generated/operations.ts";
import { now } from "../../api/serverTime.ts";
import { Change, Percent } from "../../components/Change.tsx";
import { Icon } from "../../components/Icon.tsx";
import { Flags, SimulatedBadge, STATUS_WORDS, Status } from "../../components/Status.tsx";
import { number } from "../../format/number.ts";
import { instant, valueTime } from "../../format/time.ts";
import { seriesPath } from "../../routes.ts";
import { endText } from "../../state/ended.ts";
import { isSilent, since, tickAt } from "../../state/liveness.ts";
import { stars, toggleStar } from "../../state/preferences.ts";
import { reasonOf, statusOf } from "./datasetVerdicts.ts";
import type { Row, Sort, SortColumn } from "./rows.ts";
import { Sparkline } from "./Sparkline.tsx";

interface WatchTableProps {
  readonly rows: readonly Row[];
  /** By row, its end, where an operator recorded one. */
  readonly ends: ReadonlyMap<string, EndFragment>;
  /** By dataset, the row whose verdict the notices show for all its rows. */
  readonly judged: ReadonlyMap<string, Row>;
  readonly sort: Signal<Sort>;
}

export function WatchTable({ rows, ends, judged, sort }: WatchTableProps) {
  const toRow = (row: Row) => (
    <WatchRow
      key={row.key}
      row={row}
      end={ends.get(row.key)}
      datasetRow={judged.get(row.dataset) ?? row}
      starred={stars.value.has(row.key)}
    />
  );
  const outdated = rows.filter((row) => !row.quoted);
  return (
    <table class="watch-table">
      <thead>
        <tr>
          <th scope="col" class="c-star">
            <span class="sr">Star</span>
          </th>
          <Head column="symbol" sort={sort} class="c-symbol">
            Symbol
          </Head>
          <th scope="col" class="c-spark">
            Last 30
          </th>
          <th scope="col" class="c-value num">
            Value
          </th>
          <th scope="col" class="c-change num">
            Change
          </th>
          <Head column="changePercent" sort={sort} class="c-percent num">
            Change %
          </Head>
          <Head column="latest" sort={sort} class="c-time">
            As of
          </Head>
          <th scope="col" class="c-source">
            Source
          </th>
          <th scope="col" class="c-quality">
            Quality
          </th>
        </tr>
      </thead>
      <tbody>{rows.filter((row) => row.quoted).map(toRow)}</tbody>
      {outdated.length > 0 && (
        <tbody class="outdated">
          <tr>
            <th scope="rowgroup" colSpan={4}>
              No recent values ({outdated.length})
            </th>
          </tr>
          {outdated.map(toRow)}
        </tbody>
      )}
    </table>
  );
}

interface HeadProps {
  readonly column: SortColumn;
  readonly sort: Signal<Sort>;
  readonly class: string;
  readonly children: string;
}

function Head({ column, sort, children, ...rest }: HeadProps) {
  const active = sort.value.column === column;
  const order = !active ? undefined : sort.value.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={rest.class} aria-sort={order}>
      <button
        type="button"
        onClick={() => {
          sort.value = { column, descending: active ? !sort.value.descending : column !== "symbol" };
        }}
      >
        {children}
        <span aria-hidden="true">{!active ? "" : sort.value.descending ? " ↓" : " ↑"}</span>
      </button>
    </th>
  );
}

interface WatchRowProps {
  readonly row: Row;
  readonly end: EndFragment | undefined;
  readonly datasetRow: Row;
  readonly starred: boolean;
}

/** Drawn anew only when its own series or its dataset's verdict moved: a tick costs one row. */
class WatchRow extends Component<WatchRowProps> {
  override shouldComponentUpdate(next: WatchRowProps): boolean {
    const { row, end, datasetRow, starred } = this.props;
    return (
      next.row !== row ||
      next.end !== end ||
      next.starred !== starred ||
      next.datasetRow.quality !== datasetRow.quality ||
      next.datasetRow.qualityCountsUntil !== datasetRow.qualityCountsUntil
    );
  }

  override render(props: WatchRowProps) {
    return <Cells {...props} />;
  }
}

function Cells({ row, end, datasetRow, starred }: WatchRowProps) {
  const { latest } = row;
  const path = seriesPath({
    symbol: row.symbol,
    source: row.source,
    dataset: row.dataset,
    measure: row.measure === "rate" || row.measure === "yield" ? null : row.measure,
    interval: row.interval === "1d" ? null : row.interval,
  });
  return (
    <tr>
      <td class="c-star">
        <button
          type="button"
          class="star"
          aria-pressed={starred}
          aria-label={`Star ${row.symbol} from ${row.from}`}
          onClick={() => toggleStar(row.key)}
        >
          <Icon name="star" filled={starred} />
        </button>
      </td>
      <th scope="row" class="c-symbol">
        <a href={path}>{row.symbol}</a>
        {row.simulated && <SimulatedBadge />}
        {latest && <Flags flags={latest.flags} />}
        <span class="name">{row.name}</span>
        {end && (
          <span class="end" title={endText(end)}>
            {endText(end)}
          </span>
        )}
        <span class="phone-only under">
          <RowStatus row={row} datasetRow={datasetRow} /> <When row={row} /> · {row.from}
        </span>
      </th>
      <td class="c-spark">
        <Sparkline values={row.recent.value} ms={row.recent.asOfMs} />
      </td>
      <td class="c-value num">
        <span key={latest?.asOf} class={row.moved ? `moved ${row.moved}` : ""}>
          {number(latest?.value, row.decimals)}
        </span>
        <span class="unit">{row.unit.name === "percent" ? "%" : row.unit.name}</span>
        <span class="phone-only">
          <Percent value={latest?.changePercent} />
        </span>
      </td>
      <td class="c-change num">
        <Change change={latest?.change} decimals={row.decimals} unit={row.unit.name} measure={row.measure} />
      </td>
      <td class="c-percent num">
        <Percent value={latest?.changePercent} />
      </td>
      <td class="c-time" title={latest ? instant(latest.asOf, true) : undefined}>
        <When row={row} />
      </td>
      <td class="c-source">{row.from}</td>
      <td class="c-quality">
        <RowStatus row={row} datasetRow={datasetRow} />
      </td>
    </tr>
  );
}

/** The time of a row's value, and whether the next one is overdue. */
function When({ row: { latest, interval } }: { row: Row }) {
  if (!latest) return "–";
  const tick = { ...latest, interval };
  if (!isSilent(tick, now.value)) return valueTime(latest.asOf, latest.session, interval);
  return <span class="silent">silent since {since(tickAt(tick), now.value)}</span>;
}

/** The mark of a row's verdict; with its word only where the dataset's line says another. */
function RowStatus({ row, datasetRow }: { row: Row; datasetRow: Row }) {
  const status = statusOf(row);
  const why = status === "PASS" ? row.freshness?.summary : reasonOf(row);
  const title = why ? `${STATUS_WORDS[status]}: ${why}` : STATUS_WORDS[status];
  return <Status status={status} title={title} bare={status === statusOf(datasetRow)} />;
}
