// A part of the page that throws becomes words and a way on; everything around it stays.

import { Component, type ComponentChildren } from "preact";
import { forgetAll } from "../storage.ts";

interface ErrorBoundaryProps {
  /** What failed, to stand before "failed": This page, The chart. */
  readonly what: string;
  /** What is drawn; another one is tried by itself. */
  readonly renewed?: unknown;
  readonly children: ComponentChildren;
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, { failure: Error | null }> {
  override state = { failure: null };

  static override getDerivedStateFromError(failure: Error): { failure: Error } {
    return { failure };
  }

  override componentDidUpdate(before: ErrorBoundaryProps): void {
    if (this.state.failure && before.renewed !== this.props.renewed) this.setState({ failure: null });
  }

  override render({ what, children }: ErrorBoundaryProps, { failure }: { failure: Error | null }) {
    if (!failure) return children;
    return (
      <section class="panel blank" role="alert">
        <h1>{what} failed</h1>
        <p>{failure.message}</p>
        <p>
          <button type="button" class="button" onClick={() => this.setState({ failure: null })}>
            Retry
          </button>{" "}
          <button type="button" class="button" onClick={startAfresh}>
            Clear all data saved on this device and reload
          </button>
        </p>
      </section>
    );
  }
}

function startAfresh(): void {
  forgetAll("everything");
  location.reload();
}
