// Parts whose code comes when they are needed. One that can't be had says so and is asked for again.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Lines } from "./Panel.tsx";

interface Loaded<Props> {
  readonly Part: ComponentType<Props> | null;
  readonly failed: boolean;
  readonly retry: () => void;
}

/** A component whose code is loaded when the one that uses it is first shown. */
export function useLazy<Props>(
  load: () => Promise<ComponentType<Props>>,
  known: ComponentType<Props> | null = null,
): Loaded<Props> {
  const [Part, setPart] = useState<ComponentType<Props> | null>(() => known);
  const [failed, setFailed] = useState(false);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (Part) return;
    setFailed(false);
    load().then(
      (part) => setPart(() => part),
      () => setFailed(true),
    );
  }, [tries]);
  return { Part, failed, retry: () => setTries(tries + 1) };
}

/** A component in place of one that is loaded when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const { Part, failed, retry } = useLazy(load, known);
    known ??= Part;
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
        <button type="button" class="button" onClick={retry}>
          Retry
        </button>
      </section>
    );
  };
}
