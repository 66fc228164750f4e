"""Errors carry data; text for people is made at the edge, from the catalogue entry of each class."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


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


class TimedOutError(MktdashError):
    """The answer took longer than it may; a smaller question may succeed."""

    code = "TIMED_OUT"
    retryable = True
    http_status = 503


class ThrottledError(MktdashError):
    """Too much was asked in too short a time: come back after ``retryAfter`` seconds."""

    code = "THROTTLED"
    retryable = True
    http_status = 429


class TooCostlyError(MktdashError):
    """The operation could cost more than any one may: ask for fewer items, or in several operations."""

    code = "TOO_COSTLY"
    http_status = 400


class BadRequestError(MktdashError):
    """The request is not of the form that this route knows."""

    code = "BAD_REQUEST"
    http_status = 400


class MethodNotAllowedError(BadRequestError):
    """The route knows other methods than this one; a mutation is asked by POST."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class NotAcceptableError(BadRequestError):
    """None of the media types that the client accepts can be given."""

    code = "NOT_ACCEPTABLE"
    http_status = 406


class TooLargeError(BadRequestError):
    """The request is larger than any honest one."""

    code = "TOO_LARGE"
    http_status = 413


class AnswerTooLargeError(MktdashError):
    """The answer has more bytes than are sent at once: ask for fewer items, for ``maxPoints``, or page by page."""

    code = "ANSWER_TOO_LARGE"
    http_status = 400

    @classmethod
    def over(cls, most: int) -> Self:
        """An answer of more than ``most`` bytes."""
        return cls(f"the answer has more than {most} bytes", most=most)


class UnsupportedMediaTypeError(BadRequestError):
    """The body is not declared as JSON in UTF-8."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    http_status = 415


class UnknownDocumentError(BadRequestError):
    """No trusted document has this id: send the text itself, or build client and server from the same release."""

    code = "UNKNOWN_DOCUMENT"
    http_status = 404


class UntrustedDocumentError(BadRequestError):
    """This server runs the documents of its own page only, and the text is none of them."""

    code = "UNTRUSTED_DOCUMENT"
    http_status = 403


class ParseFailedError(BadRequestError):
    """The text is no GraphQL document."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailedError(BadRequestError):
    """The document does not fit the schema, or is deeper or larger than any honest one."""

    code = "GRAPHQL_VALIDATION_FAILED"
