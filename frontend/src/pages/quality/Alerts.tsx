// The open alerts of a dataset, and the operators' answers. An answer makes one quiet; the dataset's status above
// stays what it is.

import { useState } from "preact/hooks";
import { mutate } from "../../api/client.ts";
import { asApiError } from "../../api/errors.ts";
import {
  AcknowledgeAlertDocument,
  type AlertFragment,
  AnnotateAlertDocument,
  type AnswerFragment,
  MuteAlertDocument,
} from "../../api/generated/operations.ts";
import { serverNow } from "../../api/serverTime.ts";
import { metricTitle } from "../../components/Metric.tsx";
import { Status } from "../../components/Status.tsx";
import { instant } from "../../format/time.ts";
import { browserSession } from "../../state/browserSession.ts";

const MUTE_MS = 24 * 3_600_000;
const LONGEST_NOTE = 2000;

interface AlertsProps {
  readonly alerts: readonly AlertFragment[];
  readonly answered: () => void;
}

export function Alerts({ alerts, answered }: AlertsProps) {
  if (alerts.length === 0) return null;
  const quiet = alerts.filter((alert) => alert.quiet).length;
  return (
    <details open={quiet < alerts.length}>
      <summary>
        {alerts.length} open {alerts.length === 1 ? "alert" : "alerts"}
        {quiet > 0 && `, ${quiet} answered`}
      </summary>
      <ul class="alerts">
        {alerts.map((alert) => (
          <Alert key={alert.id} alert={alert} answered={answered} />
        ))}
      </ul>
    </details>
  );
}

function Alert({ alert, answered }: { alert: AlertFragment; answered: () => void }) {
  const [note, setNote] = useState(alert.note ?? "");
  const [sending, setSending] = useState(false);
  const [wrong, setWrong] = useState("");
  const { id } = alert;

  async function answer(send: () => Promise<{ data: { answer: AnswerFragment } }>): Promise<void> {
    setSending(true);
    setWrong("");
    try {
      const result = (await send()).data.answer;
      if (result.__typename === "Alert") answered();
      else setWrong(result.message);
    } catch (thrown) {
      setWrong(asApiError(thrown).message);
    } finally {
      setSending(false);
    }
  }

  const until = (): string => new Date(serverNow() + MUTE_MS).toISOString();
  return (
    <li>
      <p>
        <b>{metricTitle(alert.metric)}</b> <Status status={alert.status} />{" "}
        <span class="quiet">
          since {instant(alert.openedAt)}
          {alert.acknowledgedBy && ` · acknowledged by ${alert.acknowledgedBy}`}
          {alert.mutedUntil && ` · muted by ${alert.mutedBy} until ${instant(alert.mutedUntil)}`}
        </span>
      </p>
      {browserSession.view.value.data?.viewer.canOperate ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void answer(() => mutate(AnnotateAlertDocument, { id, note }));
          }}
        >
          {!alert.acknowledgedBy && (
            <button
              type="button"
              class="button"
              disabled={sending}
              onClick={() => void answer(() => mutate(AcknowledgeAlertDocument, { id }))}
            >
              Acknowledge
            </button>
          )}
          <button
            type="button"
            class="button"
            disabled={sending}
            onClick={() => void answer(() => mutate(MuteAlertDocument, { id, until: until() }))}
          >
            Mute for a day
          </button>
          <input
            aria-label={`Note on ${metricTitle(alert.metric)}`}
            placeholder="Add a note"
            value={note}
            maxLength={LONGEST_NOTE}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={sending || note === (alert.note ?? "")}>
            Save note
          </button>
        </form>
      ) : (
        alert.note && <p>{alert.note}</p>
      )}
      {wrong && (
        <p class="notice error" role="alert">
          {wrong}
        </p>
      )}
    </li>
  );
}
