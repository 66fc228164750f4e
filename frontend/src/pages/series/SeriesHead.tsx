// The name and the newest value of a series.

import { Change } from "../../components/Change.tsx";
import { Flags, SimulatedBadge } from "../../components/Status.tsx";
import { doubts } from "../../format/flags.ts";
import { number } from "../../format/number.ts";
import { sourceLabel } from "../../format/sourceLabel.ts";
import { instant, isDaily } from "../../format/time.ts";
import { go, seriesPath } from "../../routes.ts";
import type { Series } from "./view.ts";

interface SeriesHeadProps {
  readonly series: Series;
  readonly decimals: number;
  readonly asKnownAt: string | null;
}

export function SeriesHead({ series, decimals, asKnownAt }: SeriesHeadProps) {
  const { instrument, latest, unit, dataset } = series;
  return (
    <div class="series-head">
      <div>
        <p class="long-name">
          {instrument.name} {dataset.simulated && <SimulatedBadge />}
        </p>
        <p class="headline">
          <b>{number(latest?.value, decimals)}</b>
          <span class="unit">{unit.name}</span>
          <Change
            arrow
            change={latest?.change}
            percent={latest?.changePercent}
            decimals={decimals}
            unit={unit.name}
            measure={series.measure}
          />
        </p>
      </div>
      <dl class="facts">
        {isDaily(series.interval) && (
          <div>
            <dt>Session</dt>
            <dd>{latest?.session ?? "–"}</dd>
          </div>
        )}
        <div>
          <dt>As of</dt>
          <dd>{instant(latest?.asOf, !isDaily(series.interval))}</dd>
        </div>
        <div>
          <dt>Known at</dt>
          <dd>{instant(latest?.knownAt, true)}</dd>
        </div>
        <div>
          <dt>Source</dt>
          <dd>
            <Sources series={series} asKnownAt={asKnownAt} />
          </dd>
        </div>
        {doubts(latest?.flags).length > 0 && (
          <div>
            <dt>Flags</dt>
            <dd>
              <Flags flags={latest?.flags ?? []} />
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}

function Sources({ series, asKnownAt }: { series: Series; asKnownAt: string | null }) {
  const all = series.instrument.series;
  const own = { ...series, dataset: series.dataset.key };
  const text = (one: typeof own | (typeof all)[number]): string =>
    `${sourceLabel(one, all)} · ${one.measure} · ${one.interval}`;
  if (all.length < 2) return <>{text(own)}</>;
  return (
    <select
      aria-label="Source, measure and interval"
      value={series.id}
      onChange={(event) => {
        const next = all.find((one) => one.id === event.currentTarget.value);
        if (!next) return;
        const { source, dataset, measure, interval } = next;
        go(seriesPath({ symbol: series.instrument.symbol, source, dataset, measure, interval, asKnownAt }));
      }}
    >
      {all.map((one) => (
        <option key={one.id} value={one.id}>
          {text(one)}
        </option>
      ))}
    </select>
  );
}
