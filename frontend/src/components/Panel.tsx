// The one frame in which every panel stands: it shows loading, empty, error, offline, stale, partial and
// forbidden the same way everywhere, and never takes away data that it has.

import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/errors.ts";
import { connected } from "../api/reachability.ts";
import { instant } from "../format/time.ts";
import type { Resource, View } from "../state/resource.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { ErrorReference } from "./ErrorReference.tsx";
import { LoginHint } from "./LoginHint.tsx";

interface FrameProps {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly level?: 1 | 2;
}

interface PanelProps<Data> extends FrameProps {
  readonly of: Resource<Data>;
  readonly children: (data: Data) => ComponentChildren;
  readonly isEmpty?: (data: Data) => boolean;
  readonly empty?: ComponentChildren;
  readonly skeleton?: ComponentChildren;
}

export function Panel<Data>(props: PanelProps<Data>) {
  const view = props.of.view.value;
  const retry = (): void => void props.of.reload();
  return (
    <PanelFrame {...props} busy={view.loading}>
      <Notice view={view} retry={retry} />
      <ErrorBoundary what={props.title} renewed={view.at}>
        <Body panel={props} view={view} retry={retry} />
      </ErrorBoundary>
    </PanelFrame>
  );
}

/** The frame alone, for what is not asked of the server. */
export function PanelFrame(props: FrameProps & { busy?: boolean; children: ComponentChildren }) {
  const Title = props.level === 1 ? "h1" : "h2";
  return (
    <section class={`panel ${props.class ?? ""}`} aria-busy={props.busy} aria-label={props.title}>
      <header class="panel-head">
        <Title>{props.title}</Title>
        {props.actions}
      </header>
      {props.children}
    </section>
  );
}

interface BodyProps<Data> {
  readonly panel: PanelProps<Data>;
  readonly view: View<Data>;
  readonly retry: () => void;
}

function Body<Data>({ panel: props, view, retry }: BodyProps<Data>) {
  const { data } = view;
  if (data !== null) {
    if (props.isEmpty?.(data)) return <div class="blank">{props.empty ?? "Nothing here yet."}</div>;
    return <>{props.children(data)}</>;
  }
  if (view.notice === "forbidden") return <Forbidden error={view.error} />;
  if (view.error) return <Failure error={view.error} retry={retry} />;
  return (
    <div class="skeleton" role="status">
      <span class="sr">Loading {props.title}</span>
      {props.skeleton ?? <Lines count={4} />}
    </div>
  );
}

/** Grey lines where text will stand. */
export function Lines({ count }: { count: number }) {
  return (
    <>
      {Array.from({ length: count }, (_, i) => (
        <div class="bone" key={i} />
      ))}
    </>
  );
}

function Notice<Data>({ view, retry }: { view: View<Data>; retry: () => void }) {
  if (view.data === null) return null;
  const again = (
    <button type="button" class="link" onClick={retry} disabled={view.loading}>
      {view.loading ? "Loading" : "Retry"}
    </button>
  );
  switch (view.notice) {
    case "offline":
      return (
        <p class="notice offline" role="status">
          <b>{connected.value ? "No answer" : "Offline"}</b>: data from {instant(view.at)}. {again}
        </p>
      );
    case "stale":
      return (
        <p class="notice stale" role="status">
          <b>Stale</b>: data from {instant(view.at)}
          {view.error && (
            <>
              . {view.error.message} <ErrorReference problem={view.error.problem} />
            </>
          )}{" "}
          {again}
        </p>
      );
    case "partial":
      return (
        <p class="notice partial" role="status">
          <b>Partly missing</b>: {view.problems[0]?.message}
          {view.problems.length > 1 && ` (and ${view.problems.length - 1} more)`}{" "}
          {view.problems[0] && <ErrorReference problem={view.problems[0]} />} {again}
        </p>
      );
    default:
      return null;
  }
}

const NOT_THERE = new Set(["UNKNOWN_SYMBOL", "NOT_FOUND"]);

function Failure({ error, retry }: { error: ApiError; retry: () => void }) {
  const offline = error.kind === "offline";
  const missing = NOT_THERE.has(error.problem.code);
  return (
    <div class="blank" role="alert">
      <p>
        <b>
          {offline ? (connected.value ? "No answer" : "Offline") : missing ? "Not found" : "Request failed"}
        </b>
      </p>
      <p>
        {offline
          ? "The server cannot be reached, and no data of this panel are saved on this device yet."
          : error.message}
      </p>
      <p>
        <ErrorReference problem={error.problem} />
      </p>
      {missing ? (
        <a class="button" href="/">
          Go to the watchlist
        </a>
      ) : (
        <button type="button" class="button" onClick={retry}>
          Retry
        </button>
      )}
    </div>
  );
}

function Forbidden({ error }: { error: ApiError | null }) {
  return (
    <div class="blank" role="alert">
      <p>
        <b>Not allowed</b>
      </p>
      <p>{error?.message}</p>
      <p>
        <LoginHint />
      </p>
      {error && (
        <p>
          <ErrorReference problem={error.problem} />
        </p>
      )}
    </div>
  );
}
