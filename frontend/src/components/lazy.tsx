// Parts whose code comes when they are needed. One that can't be had says so and is asked for again.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Lines } from "./Panel.tsx";

/** A component in place of one that is loaded when it is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Part, setPart] = useState<ComponentType<Props> | null>(() => known);
    const [failed, setFailed] = useState(false);
    const [tries, setTries] = useState(0);
    useEffect(() => {
      if (Part) return;
      setFailed(false);
      load().then(
        (part) => {
          known = part;
          setPart(() => part);
        },
        () => setFailed(true),
      );
    }, [tries]);
    if (Part) return <Part {...props} />;
    if (!failed) {
      return (
        <section class="panel skeleton" role="status">
          <span class="sr">Loading</span>
          <Lines count={6} />
        </section>
      );
    }
    return (
      <section class="panel blank" role="alert">
        <p>This part of the page could not be loaded.</p>
        <button type="button" class="button" onClick={() => setTries(tries + 1)}>
          Retry
        </button>
      </section>
    );
  };
}
