// The chart a reader can touch: crosshair by mouse, finger or arrow key; zoom by drag, pinch or key; a tap chooses
// the point whose provenance is shown. Loaded only when a series is opened.

import "uplot/dist/uPlot.min.css";
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { theme } from "../state/preferences.ts";
import { chartColorsOf, dataOf, makePlot } from "./plot.ts";
import { nearest, type Points } from "./points.ts";
import { type Drawn, Readout } from "./Readout.tsx";
import type { Window } from "./ranges.ts";
import { handleTouch } from "./touchGestures.ts";

interface SeriesChartProps extends Drawn {
  readonly label: string;
  readonly onZoom: (window: Window | null) => void;
  readonly onChoose: (asOf: string) => void;
}

const SMALLEST_POINTS = 4;

export function SeriesChart(props: SeriesChartProps) {
  const { points, zoom } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const cursor = useSignal<number | null>(null);
  const spoken = useSignal(false);

  function span(): [number, number] {
    const { ms } = latest.current.points;
    return [ms[0] ?? 0, ms.at(-1) ?? 0];
  }

  function zoomTo(from: number, to: number): void {
    const [first, last] = span();
    const { ms } = latest.current.points;
    const smallest = ((last - first) / Math.max(1, ms.length - 1)) * SMALLEST_POINTS;
    if (!(to - from >= smallest)) return;
    const held = latest.current.zoom;
    const [low, high] = [Math.min(first, held?.from ?? first), Math.max(last, held?.to ?? last)];
    const whole =
      from <= low && to >= high && latest.current.points.downsampledFrom === null && held === null;
    latest.current.onZoom(whole ? null : { from, to });
  }

  function chooseAt(index: number | null): void {
    const at = index === null ? undefined : latest.current.points.asOf[index];
    if (at) latest.current.onChoose(at);
  }

  function build(): () => void {
    const element = box.current;
    if (!element) return () => {};
    const made = makePlot(element, latest.current.points, {
      colors: chartColorsOf(element),
      onCursor: (index) => {
        cursor.value = index;
      },
      onSelect: zoomTo,
    });
    plot.current = made;
    show(made, latest.current.points, latest.current.zoom);
    const quiet = handleTouch(made, {
      zoom: zoomTo,
      choose: (left) => chooseAt(nearest(latest.current.points.ms, made.posToVal(left, "x"))),
    });
    return () => {
      quiet();
      made.destroy();
      plot.current = null;
    };
  }

  useEffect(() => {
    let stop = build();
    const rebuild = (): void => {
      stop();
      stop = build();
    };
    const sizes = new ResizeObserver(() => {
      const element = box.current;
      if (element) plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    if (box.current) sizes.observe(box.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", rebuild);
    const quiet = theme.subscribe(() => queueMicrotask(rebuild));
    return () => {
      quiet();
      sizes.disconnect();
      dark.removeEventListener("change", rebuild);
      stop();
    };
  }, []);

  useEffect(() => {
    if (plot.current) show(plot.current, points, zoom);
  }, [points, zoom]);

  useSignalEffect(() => {
    if (cursor.value === null) spoken.value = false;
  });

  function key(event: KeyboardEvent): void {
    const made = plot.current;
    if (!made || points.ms.length === 0) return;
    const last = points.ms.length - 1;
    const at = cursor.value ?? last;
    const stride = event.shiftKey ? 10 : 1;
    const { min, max } = made.scales.x ?? {};
    const steps: Record<string, number> = {
      ArrowLeft: cursor.value === null ? last : at - stride,
      ArrowRight: cursor.value === null ? last : at + stride,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (next !== undefined) {
      const index = Math.max(0, Math.min(last, next));
      spoken.value = true;
      made.setCursor({
        left: made.valToPos(points.ms[index] ?? 0, "x"),
        top: made.valToPos(points.value[index] ?? 0, "y"),
      });
    } else if (
      (event.key === "+" || event.key === "-") &&
      typeof min === "number" &&
      typeof max === "number"
    ) {
      const middle = cursor.value === null ? (min + max) / 2 : (points.ms[at] ?? 0);
      const factor = event.key === "+" ? 0.5 : 2;
      zoomTo(middle - (middle - min) * factor, middle + (max - middle) * factor);
    } else if (event.key === "Enter") chooseAt(cursor.value);
    else if (event.key === "Escape") props.onZoom(null);
    else return;
    event.preventDefault();
  }

  return (
    <div class="chart">
      <Readout {...props} index={cursor.value} spoken={spoken.value} />
      {/* biome-ignore lint/a11y/useSemanticElements: a chart is no fieldset; the group only names it for its keys */}
      <div
        class="plot"
        ref={box}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read the chart, so it must take the focus
        tabIndex={0}
        aria-label={`${props.label}. Arrow keys read the values, plus and minus zoom, Enter shows where a value came from, Escape shows the whole range.`}
        onKeyDown={key}
        onDblClick={() => props.onZoom(null)}
      />
    </div>
  );
}

function show(plot: uPlot, points: Points, zoom: Window | null): void {
  plot.batch(() => {
    plot.setData(dataOf(points), false);
    const [first, last] = [points.ms[0] ?? 0, points.ms.at(-1) ?? 1];
    plot.setScale(
      "x",
      zoom ? { min: zoom.from, max: zoom.to } : { min: first, max: Math.max(last, first + 1) },
    );
  });
}
