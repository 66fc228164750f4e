// A change since the previous value: sign and arrow carry the direction, colour repeats it.

import { changeText, direction, percent } from "../format/number.ts";

const ARROWS = { up: "▲", down: "▼", flat: "" } as const;
const SPOKEN = { up: "up ", down: "down ", flat: "" } as const;

interface ChangeProps {
  readonly change: number | null | undefined;
  readonly percent?: number | null | undefined;
  readonly decimals: number;
  readonly unit: string;
  readonly measure: string;
  readonly arrow?: boolean;
}

/** The change in the series' own unit, followed by the percentage where one is given. */
export function Change(props: ChangeProps) {
  const way = direction(props.change);
  return (
    <span class={`change ${way}`}>
      {props.arrow && <span aria-hidden="true">{ARROWS[way]} </span>}
      <span class="sr">{SPOKEN[way]}</span>
      {changeText(props.change, props.decimals, props.unit, props.measure)}
      {props.percent !== undefined && <span class="of"> {percent(props.percent)}</span>}
    </span>
  );
}

export function Percent({ value }: { value: number | null | undefined }) {
  const text = percent(value);
  return <span class={`change ${/[1-9]/.test(text) ? direction(value) : "flat"}`}>{text}</span>;
}
