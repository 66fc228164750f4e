// A label that tells the series of one instrument from each other.

interface Named {
  readonly source: string;
  readonly dataset: string;
  readonly measure: string;
  readonly interval: string;
}

/** The source of a series; its dataset where the source has several of the kind. */
export function sourceLabel(series: Named, all: readonly Named[]): string {
  const alike = all.filter(
    (one) =>
      one.source === series.source && one.measure === series.measure && one.interval === series.interval,
  );
  return alike.length > 1 ? series.dataset : series.source;
}
