"""Resume cursors: ``epoch:offset``. The epoch is the identity of the event log, the offset a place in it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import CursorExpiredError, InvalidInputError
from mktdash.store.live.outbox import event_epoch, event_head, pruned_to

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an event log: everything up to and including ``offset`` has been seen."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor of a text.

        Raises:
            InvalidInputError: it is not one.
        """
        epoch, _, offset = text.rpartition(":")
        if len(text) > _LONGEST or not epoch or not (offset.isascii() and offset.isdigit()):
            raise InvalidInputError("since is not a cursor; cursors come with events", argument="since")
        return cls(epoch, int(offset))


async def head_cursor(conn: AsyncConnection) -> Cursor:
    """The newest place in the log."""
    return Cursor(await event_epoch(conn), await event_head(conn))


async def resume_from(conn: AsyncConnection, since: str | None) -> Cursor:
    """Where to go on: after ``since``, or after the newest event where there is none.

    Raises:
        InvalidInputError: the text is not a cursor.
        CursorExpiredError: it is of another log, or events after it are gone.
    """
    head = await head_cursor(conn)
    if since is None:
        return head
    cursor = Cursor.parse(since)
    # A larger offset than the newest is of a log that was restored from an older copy.
    if cursor.epoch != head.epoch or cursor.offset > head.offset:
        raise _expired(cursor, head)
    await require_kept(conn, cursor.offset)
    return cursor


async def require_kept(conn: AsyncConnection, offset: int) -> None:
    """Make sure that every event after an offset is still there.

    Raises:
        CursorExpiredError: some were forgotten.
    """
    if offset < await pruned_to(conn):
        head = await head_cursor(conn)
        raise _expired(Cursor(head.epoch, offset), head)


def _expired(since: Cursor, head: Cursor) -> CursorExpiredError:
    return CursorExpiredError(
        "the events after this cursor are gone; query again and subscribe anew", since=str(since), head=str(head)
    )
