// uPlot, set up for a market series: time in UTC, the scale at the right, doubtful points marked.

import uPlot from "uplot";
import { number, precisionOf } from "../format/number.ts";
import { gapsOf } from "./gaps.ts";
import { isDoubtful, type Points } from "./points.ts";
import { timeTicks } from "./timeAxis.ts";

export interface ChartColors {
  readonly line: string;
  readonly band: string;
  readonly grid: string;
  readonly text: string;
  readonly doubt: string;
  readonly font: string;
}

/** The colours of the page's theme, for a canvas that knows no style sheet. */
export function chartColorsOf(element: Element): ChartColors {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    line: of("--chart-line"),
    band: of("--chart-band"),
    grid: of("--chart-grid"),
    text: of("--chart-text"),
    doubt: of("--chart-doubt"),
    font: `11px ${style.fontFamily}`,
  };
}

export function dataOf(points: Points): uPlot.AlignedData {
  const doubtful = points.value.map((value, i) => (isDoubtful(points.flags[i]) ? value : null));
  const none: (number | null)[] = points.high ? [] : points.value.map(() => null);
  return [points.ms, points.value, doubtful, points.high ?? none, points.low ?? none];
}

export interface PlotOptions {
  readonly colors: ChartColors;
  readonly onCursor: (index: number | null) => void;
  readonly onSelect: (from: number, to: number) => void;
}

function padded(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

export function makePlot(element: HTMLElement, points: Points, options: PlotOptions): uPlot {
  const { colors } = options;
  // Asked for at each drawing: live values come after the plot was made.
  const gaps: uPlot.Series.GapsRefiner = (plot) =>
    gapsOf(plot.data[0] as number[]).map(({ from, to }) => [
      plot.valToPos(from, "x", true),
      plot.valToPos(to, "x", true),
    ]);
  const axis = {
    stroke: colors.text,
    font: colors.font,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      ms: 1,
      tzDate: (ms) => uPlot.tzDate(new Date(ms), "Etc/UTC"),
      legend: { show: false },
      padding: [8, 0, 0, 8],
      scales: { x: { time: true }, y: { range: (_, low, high) => padded(low, high) } },
      axes: [
        {
          ...axis,
          space: 64,
          size: 40,
          values: (_, splits, __, ___, step) => timeTicks(splits, step),
        },
        {
          ...axis,
          side: 1,
          gap: 6,
          // Digits of an 11 px system font are at most 7 px wide.
          size: (_, labels) => (labels ? Math.max(...labels.map((label) => label.length)) * 7 + 14 : 48),
          values: (_, splits) => {
            const decimals = precisionOf(splits);
            return splits.map((value) => number(value, decimals));
          },
        },
      ],
      series: [
        {},
        { stroke: colors.line, width: 1.5, gaps, points: { show: points.ms.length === 1 } },
        {
          stroke: colors.doubt,
          paths: () => null,
          points: { show: true, size: 6, fill: colors.doubt, stroke: colors.doubt },
        },
        { stroke: "transparent", gaps, points: { show: false } },
        { stroke: "transparent", gaps, points: { show: false } },
      ],
      bands: [{ series: [3, 4], fill: colors.band }],
      cursor: {
        y: true,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 8, fill: colors.line, width: 0 },
      },
      hooks: {
        setCursor: [(plot) => options.onCursor(plot.cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 6) return;
            options.onSelect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    dataOf(points),
    element,
  );
}
