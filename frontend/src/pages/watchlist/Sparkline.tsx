// The last values as a line without axes: shape only, the figures stand beside it.

import { gapsOf } from "../../charts/gaps.ts";

const WIDTH = 96;
const HEIGHT = 28;
const EDGE = 3;

/** The line's path, oldest first; a gap in the values or in their times is a gap in the line. Empty for fewer than two
 *  values. */
export function sparkPath(
  values: readonly (number | null)[],
  ms: readonly number[] = [],
): { line: string; end: [number, number] } | null {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const x = (i: number): number => EDGE + (i * (WIDTH - 2 * EDGE)) / (values.length - 1);
  const y = (value: number): number =>
    span === 0 ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE);
  let line = "";
  let end: [number, number] = [0, 0];
  let pen = false;
  const gaps = new Set(gapsOf(ms).map(({ after }) => after + 1));
  values.forEach((value, i) => {
    if (gaps.has(i)) pen = false;
    if (value === null) {
      pen = false;
      return;
    }
    end = [x(i), y(value)];
    line += `${pen ? "L" : "M"}${end[0].toFixed(1)} ${end[1].toFixed(1)}`;
    pen = true;
  });
  return { line, end };
}

interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly ms: readonly number[];
}

export function Sparkline({ values, ms }: SparklineProps) {
  const path = sparkPath(values, ms);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      {path && (
        <>
          <path d={path.line} />
          <circle cx={path.end[0]} cy={path.end[1]} r="2" />
        </>
      )}
    </svg>
  );
}
