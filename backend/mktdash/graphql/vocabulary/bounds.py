"""Limits on arguments: of the right type and yet of no use is an error that says so."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mktdash.domain.clock import iso, to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.vocabulary.scalars import Instant

LONGEST_PAGE = 200
LONGEST_RECENT = 500
FEWEST_POINTS = 2
MOST_POINTS = 100_000
MOST_SYMBOLS = 200
LONGEST_NAME = 100

_EARLIEST = Instant(to_micros(datetime.fromisoformat("1900-01-01T00:00:00Z")))
_FARTHEST = timedelta(days=36_525)


def within(number: int, least: int, most: int, argument: str) -> None:
    """Pass a number that lies within its bounds, both included.

    Raises:
        InvalidInputError: it does not.
    """
    if not least <= number <= most:
        raise InvalidInputError(
            f"{argument} must be in {least}..{most}, not {number}",
            argument=argument,
            least=least,
            most=most,
            value=number,
        )


def page_size(first: int, argument: str) -> None:
    """Pass the size of a page.

    Raises:
        InvalidInputError: it is not in 1..200.
    """
    within(first, 1, LONGEST_PAGE, argument)


def name(text: str, argument: str) -> None:
    """Pass a name that could be one.

    Raises:
        InvalidInputError: it is empty or too long.
    """
    if not 0 < len(text) <= LONGEST_NAME or "\0" in text:
        raise InvalidInputError(
            f"{argument} must have 1..{LONGEST_NAME} characters", argument=argument, most=LONGEST_NAME
        )


def symbols(names: Sequence[str]) -> None:
    """Pass a list of symbols.

    Raises:
        InvalidInputError: it is empty, longer than 200, or one could not be a symbol.
    """
    within(len(names), 1, MOST_SYMBOLS, "symbols")
    for one in names:
        name(one, "symbols")


def span(start: Instant | None, end: Instant | None, now: datetime) -> None:
    """Pass a range of instants that makes sense.

    Raises:
        InvalidInputError: it is reversed, or reaches before 1900 or a century ahead.
    """
    latest = to_micros(now + _FARTHEST)
    for argument, instant in (("from", start), ("to", end)):
        if instant is not None and not _EARLIEST <= instant <= latest:
            raise InvalidInputError(
                f"{argument} must be between {iso(_EARLIEST)} and {iso(latest)}", argument=argument, value=iso(instant)
            )
    if start is not None and end is not None and start > end:
        raise InvalidInputError("from is after to", **{"from": iso(start), "to": iso(end)})


def knowledge(as_known_at: Instant | None, now: datetime) -> None:
    """Pass an instant at which something could have been known.

    Raises:
        InvalidInputError: it is still to come, or before 1900.
    """
    if as_known_at is None:
        return
    if as_known_at > to_micros(now):
        raise InvalidInputError(
            "asKnownAt is in the future",
            argument="asKnownAt",
            value=iso(as_known_at),
            now=iso(to_micros(now)),
        )
    if as_known_at < _EARLIEST:
        raise InvalidInputError(f"asKnownAt is before {iso(_EARLIEST)}", argument="asKnownAt", value=iso(as_known_at))
