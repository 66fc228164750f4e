"""Alerts: opened and closed by verdicts, answered by operators; each answer stands in the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.access.audit import append_audit
from mktdash.store.engine.page import Page, read_page
from mktdash.store.live.outbox import NewEvent, append_events
from mktdash.store.tables import ALERTS

TOPIC = "quality"
NOTE_LENGTH = 2000
# What an event of the topic says happened to an alert; one without an action tells of a verdict.
OPENED, CHANGED, CLOSED = "alert.open", "alert.change", "alert.close"
ACKNOWLEDGED, MUTED, ANNOTATED = "alert.acknowledge", "alert.mute", "alert.note"

_SEVERITY = ("PASS", "WARN", "UNKNOWN", "FAIL")
_UNANSWERED: dict[str, Any] = dict.fromkeys(("acknowledged_by", "acknowledged_at", "muted_by", "muted_until"))


class AlertVerdict(Protocol):
    """What of a verdict matters to alerts; ``calm`` ones raise none."""

    @property
    def metric(self) -> str:
        """The check."""

    @property
    def status(self) -> str:
        """Its verdict."""

    @property
    def summary(self) -> str:
        """In a sentence."""

    @property
    def calm(self) -> bool:
        """No reason for an alert."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A verdict that is, or was, not PASS, with what an operator said of it. Times in microseconds.

    Attributes:
        worst: the most severe status since it opened.
        changed_at: when its status last changed.
        closed_at: when the verdict became PASS again; None while it has not.
    """

    id: int
    dataset: str
    metric: str
    status: str
    worst: str
    summary: str
    opened_at: int
    changed_at: int
    closed_at: int | None
    acknowledged_by: str | None
    acknowledged_at: int | None
    muted_by: str | None
    muted_until: int | None
    note: str | None

    def quiet_at(self, now: int) -> bool:
        """Whether somebody knows already: it is acknowledged, or muted for now."""
        return self.acknowledged_at is not None or (self.muted_until is not None and self.muted_until > now)


_COLUMNS = tuple(ALERTS.c[name] for name in AlertRow.__dataclass_fields__)
_ROW = sa.select(*_COLUMNS)


async def raise_alerts(conn: AsyncConnection, dataset: str, judged: Sequence[AlertVerdict], now: int) -> list[NewEvent]:
    """Open, renew or close a dataset's alerts after a run; gives the events that tell of it, to be appended.

    One that gets worse than it was when somebody answered it speaks up again: acknowledgement and mute lapse.
    """
    events: list[NewEvent] = []
    wanted = _ROW.where(ALERTS.c.dataset == dataset, ALERTS.c.closed_at.is_(None))
    standing = {row.metric: AlertRow(*row) for row in (await conn.execute(wanted)).all()}
    for verdict in judged:
        alert = standing.get(verdict.metric)
        if alert is None:
            if not verdict.calm:
                opening = sa.insert(ALERTS).values(**_opened(dataset, verdict, now)).returning(*_COLUMNS)
                opened = AlertRow(*(await conn.execute(opening)).one())
                events.append(_event(opened, None, OPENED, now))
        elif (values := _renewed(alert, verdict, now)) is not None:
            await conn.execute(sa.update(ALERTS).where(ALERTS.c.id == alert.id).values(**values))
            if "status" in values:
                action = CLOSED if verdict.calm else CHANGED
                events.append(_event(replace(alert, **values), alert.status, action, now))
    return events


def _opened(dataset: str, verdict: AlertVerdict, now: int) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "metric": verdict.metric,
        "status": verdict.status,
        "worst": verdict.status,
        "summary": verdict.summary,
        "opened_at": now,
        "changed_at": now,
    }


def _renewed(alert: AlertRow, verdict: AlertVerdict, now: int) -> dict[str, Any] | None:
    if verdict.calm:
        return {"status": verdict.status, "summary": verdict.summary, "changed_at": now, "closed_at": now}
    if verdict.status == alert.status:
        return None if verdict.summary == alert.summary else {"summary": verdict.summary}
    values: dict[str, Any] = {"status": verdict.status, "summary": verdict.summary, "changed_at": now}
    if _SEVERITY.index(verdict.status) > _SEVERITY.index(alert.worst):
        values |= {"worst": verdict.status, **_UNANSWERED}
    return values


async def alerts(
    conn: AsyncConnection, dataset: str | None = None, *, closed: bool = False, limit: int = 200
) -> list[AlertRow]:
    """The alerts of a dataset or of all, newest first; the open ones only, unless ``closed``."""
    wanted = _ROW.order_by(ALERTS.c.id.desc()).limit(limit)
    if dataset is not None:
        wanted = wanted.where(ALERTS.c.dataset == dataset)
    if not closed:
        wanted = wanted.where(ALERTS.c.closed_at.is_(None))
    return [AlertRow(*row) for row in (await conn.execute(wanted)).all()]


async def alerts_page(
    conn: AsyncConnection,
    *,
    standing: bool | None = None,
    dataset: str | None = None,
    first: int = 50,
    after: int | None = None,
) -> Page[AlertRow]:
    """Alerts, newest first: all, or those that stand (True) or are over (False), of one dataset where given.

    ``after`` is the id of the last alert of the page before.
    """
    wanted = _ROW
    if standing is not None:
        wanted = wanted.where(ALERTS.c.closed_at.is_(None) if standing else ALERTS.c.closed_at.is_not(None))
    if dataset is not None:
        wanted = wanted.where(ALERTS.c.dataset == dataset)
    last = None if after is None else (after,)
    return await read_page(conn, wanted, AlertRow, [(ALERTS.c.id, True)], first=first, after=last)


async def alert_by_id(conn: AsyncConnection, alert_id: int) -> AlertRow:
    """One alert.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = (await conn.execute(_ROW.where(ALERTS.c.id == alert_id))).first()
    if row is None:
        raise NotFoundError(f"there is no alert {alert_id}", alert=alert_id)
    return AlertRow(*row)


async def acknowledge(conn: AsyncConnection, alert_id: int, *, by: str, now: int, note: str | None = None) -> AlertRow:
    """Somebody has seen it: it stays open and stays what it is, and is no longer shouted. In a write transaction.

    Raises:
        NotFoundError: there is no such alert.
        InvalidInputError: it is closed, or the note is too long.
    """
    values: dict[str, Any] = {"acknowledged_by": by, "acknowledged_at": now}
    if note is not None:
        values["note"] = _checked(note)
    return await _answer(conn, alert_id, ACKNOWLEDGED, by=by, now=now, values=values)


async def mute(
    conn: AsyncConnection, alert_id: int, *, by: str, until: int, now: int, note: str | None = None
) -> AlertRow:
    """Keep it quiet until an instant (microseconds). In a write transaction.

    Raises:
        NotFoundError: there is no such alert.
        InvalidInputError: it is closed, the instant is past, or the note is too long.
    """
    if until <= now:
        raise InvalidInputError(f"{iso(until)} is past: mute until a later time", until=iso(until))
    values: dict[str, Any] = {"muted_by": by, "muted_until": until}
    if note is not None:
        values["note"] = _checked(note)
    return await _answer(conn, alert_id, MUTED, by=by, now=now, values=values)


async def annotate(conn: AsyncConnection, alert_id: int, *, by: str, note: str, now: int) -> AlertRow:
    """Write down what is known of it, in place of the note before. In a write transaction.

    Raises:
        NotFoundError: there is no such alert.
        InvalidInputError: it is closed, or the note is too long.
    """
    return await _answer(conn, alert_id, ANNOTATED, by=by, now=now, values={"note": _checked(note)})


def _checked(note: str) -> str:
    if len(note) > NOTE_LENGTH:
        raise InvalidInputError(f"a note has {NOTE_LENGTH} characters at most", length=len(note))
    if "\0" in note:
        raise InvalidInputError("a note is text: it has no NUL in it")
    return note


async def _answer(
    conn: AsyncConnection, alert_id: int, action: str, *, by: str, now: int, values: Mapping[str, Any]
) -> AlertRow:
    alert = await alert_by_id(conn, alert_id)
    if alert.closed_at is not None:
        raise InvalidInputError(f"alert {alert_id} closed at {iso(alert.closed_at)}", alert=alert_id)
    await conn.execute(sa.update(ALERTS).where(ALERTS.c.id == alert_id).values(**values))
    detail = {"dataset": alert.dataset, "metric": alert.metric, "status": alert.status, **values}
    await append_audit(conn, at=now, principal=by, action=action, target=f"alert:{alert_id}", detail=detail)
    answered = await alert_by_id(conn, alert_id)
    await append_events(conn, [_event(answered, alert.status, action, now)], now)
    return answered


def _event(alert: AlertRow, previous: str | None, action: str, now: int) -> NewEvent:
    payload = {
        "dataset": alert.dataset,
        "metric": alert.metric,
        "previous": previous,
        "status": alert.status,
        "summary": alert.summary,
        "run_at": now,
        "alert": alert.id,
        "action": action,
    }
    return NewEvent(TOPIC, alert.dataset, payload)
