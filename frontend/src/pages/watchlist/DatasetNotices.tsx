// Above the watchlist: what is wrong with a dataset, once and not on each of its rows.

import { useEffect } from "preact/hooks";
import { DatasetNotesDocument } from "../../api/generated/operations.ts";
import { now } from "../../api/serverTime.ts";
import { failedFetch } from "../../components/LastError.tsx";
import { Status } from "../../components/Status.tsx";
import { ago, instant } from "../../format/time.ts";
import { useQuery } from "../../state/useQuery.ts";
import { type DatasetNotes, datasetNotes } from "./datasetNotes.ts";
import { type DatasetNotice, noticesOf } from "./datasetVerdicts.ts";
import type { Row } from "./rows.ts";

const POLL_MS = 60_000;
const MOST_OPEN = 3;

interface DatasetNoticesProps {
  readonly judged: ReadonlyMap<string, Row>;
  /** Whether to ask what operators recorded as ended, even where no dataset needs a notice. */
  readonly ends: boolean;
}

export function DatasetNotices({ judged, ends }: DatasetNoticesProps) {
  return ends || noticesOf(judged).length > 0 ? <Notices judged={judged} /> : null;
}

/** Asks for what the rows do not say: the dataset's title, whether its source could be asked, and what has ended. */
function Notices({ judged }: { judged: ReadonlyMap<string, Row> }) {
  const notes = useQuery(DatasetNotesDocument, {}, (data) => data.datasets, { everyMs: POLL_MS });
  const { data } = notes.view.value;
  useEffect(() => {
    if (data) datasetNotes.value = data;
  }, [data]);
  const known = data ?? [];
  const [first, ...rest] = noticesOf(judged, known).map((notice) => (
    <Notice key={notice.dataset} notice={notice} notes={known.find((one) => one.key === notice.dataset)} />
  ));
  if (!first) return null;
  const wide = matchMedia("(min-width: 900px)").matches;
  return (
    <details
      class={`dataset-lines ${rest.length > 0 ? "folded" : ""}`}
      open={wide && rest.length < MOST_OPEN}
    >
      <summary>
        {first}
        {rest.length > 0 && <span class="rest">and {rest.length} more</span>}
      </summary>
      {rest}
    </details>
  );
}

function Notice({ notice, notes }: { notice: DatasetNotice; notes: DatasetNotes | undefined }) {
  const trouble = notes && failedFetch(notes);
  return (
    <span class="dataset-line">
      <Status status={notice.status} />{" "}
      <b>
        <span class="wide-only">{notes?.title ?? notice.dataset}</span>
        <span class="narrow-only">{notice.dataset}</span>
      </b>
      : {notice.summary}
      {trouble && (
        <span title={instant(trouble.at, true)}>
          ; <span class="wide-only">last fetch failed {ago(trouble.at, now.value)}: </span>
          {trouble.why}
        </span>
      )}
    </span>
  );
}
