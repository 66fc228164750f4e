// Fingers on the chart: one reads, two zoom and pan, a tap chooses. Vertical swipes stay the page's own.

import type uPlot from "uplot";

export interface TouchOptions {
  readonly zoom: (from: number, to: number) => void;
  readonly choose: (left: number) => void;
}

const TAP_MS = 350;
const TAP_PX = 8;

/** The window after fingers at `before` moved to `after`, both in pixels from the left of a plot of this width. */
export function pinched(
  window: readonly [number, number],
  width: number,
  before: readonly [number, number],
  after: readonly [number, number],
): [number, number] {
  const scale = (window[1] - window[0]) / width;
  const [a, b] = [window[0] + before[0] * scale, window[0] + before[1] * scale];
  const spread = after[1] - after[0];
  const perPixel = Math.abs(spread) < 1 ? scale : (b - a) / spread;
  const from = a - after[0] * perPixel;
  return [from, from + width * perPixel];
}

export function handleTouch(plot: uPlot, { zoom, choose }: TouchOptions): () => void {
  const { over } = plot;
  const fingers = new Map<number, number>();
  let start: { left: number; top: number; at: number } | null = null;
  let base: { window: [number, number]; lefts: [number, number] } | null = null;

  const place = (event: PointerEvent): { left: number; top: number } => {
    const box = over.getBoundingClientRect();
    return { left: event.clientX - box.left, top: event.clientY - box.top };
  };
  const lefts = (): [number, number] | null => {
    const [a, b] = [...fingers.values()].sort((x, y) => x - y);
    return a === undefined || b === undefined ? null : [a, b];
  };

  function down(event: PointerEvent): void {
    const at = place(event);
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at.left);
      const both = lefts();
      const { min, max } = plot.scales.x ?? {};
      base =
        both && typeof min === "number" && typeof max === "number"
          ? { window: [min, max], lefts: both }
          : null;
      if (!both) plot.setCursor(at);
    }
    start = fingers.size > 1 ? null : { ...at, at: event.timeStamp };
  }

  function move(event: PointerEvent): void {
    if (!fingers.has(event.pointerId)) return;
    const at = place(event);
    fingers.set(event.pointerId, at.left);
    const both = lefts();
    if (both && base) zoom(...pinched(base.window, over.clientWidth, base.lefts, both));
    else if (fingers.size === 1) plot.setCursor(at);
  }

  function up(event: PointerEvent): void {
    const at = place(event);
    const still = start && Math.hypot(at.left - start.left, at.top - start.top) < TAP_PX;
    if (still && start && event.timeStamp - start.at < TAP_MS && event.button === 0) choose(at.left);
    lift(event);
  }

  function lift(event: PointerEvent): void {
    fingers.delete(event.pointerId);
    start = null;
    base = null;
  }

  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: lift } as const;
  const each = (act: "addEventListener" | "removeEventListener"): void => {
    for (const [name, listener] of Object.entries(listeners)) over[act](name, listener as EventListener);
  };
  over.style.touchAction = "pan-y";
  each("addEventListener");
  return () => each("removeEventListener");
}
