// The panels of a page, one below the other in the order of the page's list.

import type { ComponentType } from "preact";

/** Panels by name. Each is given the view: what the page shows and the panels share. */
export type PanelList<View = object> = Readonly<Record<string, ComponentType<View>>>;

interface PanelsProps<View> {
  readonly list: PanelList<View>;
  readonly view: View;
  readonly class?: string;
}

export function Panels<View extends object>({ list, view, ...rest }: PanelsProps<View>) {
  return (
    <div class={`panels ${rest.class ?? ""}`}>
      {Object.entries(list).map(([name, Part]) => (
        <Part key={name} {...view} />
      ))}
    </div>
  );
}
