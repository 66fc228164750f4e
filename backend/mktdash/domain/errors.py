"""Errors carry data; text for people is made at the edge, from the catalogue entry of each class."""

from collections.abc import Mapping
from typing import Any, ClassVar


class MktdashError(Exception):
    """The root of what mktdash itself raises.

    Attributes:
        code: the stable, machine-readable name shown in GraphQL ``extensions`` and problem details.
        retryable: whether the same request may succeed later without a change.
        http_status: what an HTTP route answers.
        data: the facts of this occurrence, JSON-serialisable, safe to show outside.
    """

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data: Mapping[str, Any] = data


class InvalidInputError(MktdashError):
    """An argument is of the right type and of no use: a reversed range, an absurd limit."""

    code = "BAD_INPUT"
    http_status = 400


class UnknownSymbolError(MktdashError):
    """No instrument or series answers to the name given."""

    code = "UNKNOWN_SYMBOL"
    http_status = 404


class NotFoundError(MktdashError):
    """The thing named does not exist, or not any more."""

    code = "NOT_FOUND"
    http_status = 404


class UnauthenticatedError(MktdashError):
    """The request carries no valid identity and needs one."""

    code = "UNAUTHENTICATED"
    http_status = 401


class ForbiddenError(MktdashError):
    """The identity is known and its role does not allow this."""

    code = "FORBIDDEN"
    http_status = 403


class CursorExpiredError(MktdashError):
    """The resume cursor is of another epoch, or older than the events kept: query again, then subscribe anew."""

    code = "CURSOR_EXPIRED"
    http_status = 410


class ProviderError(MktdashError):
    """A source did not give data: it failed, refused, or answered with something that is not its format."""

    code = "PROVIDER_FAILED"
    http_status = 502


class ProviderUnavailableError(ProviderError):
    """The source could not be reached or said to come back later."""

    code = "PROVIDER_UNAVAILABLE"
    retryable = True


class ProviderFormatError(ProviderError):
    """The source answered with bytes that are not its published format: HTML, a cut file, other columns."""

    code = "PROVIDER_FORMAT"


class UnavailableError(MktdashError):
    """A part of mktdash itself (database, Redis) is away."""

    code = "UNAVAILABLE"
    retryable = True
    http_status = 503
