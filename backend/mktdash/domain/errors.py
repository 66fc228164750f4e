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
    """An argument is of the right type and has no valid value: a reversed range, a limit out of bounds."""

    code = "BAD_INPUT"
    http_status = 400


class UnknownSymbolError(MktdashError):
    """There is no instrument or series of this name."""

    code = "UNKNOWN_SYMBOL"
    http_status = 404


class NotFoundError(MktdashError):
    """It does not exist, or no longer."""

    code = "NOT_FOUND"
    http_status = 404


class UnauthenticatedError(MktdashError):
    """The request needs a valid token or session and has none."""

    code = "UNAUTHENTICATED"
    http_status = 401


class ForbiddenError(MktdashError):
    """The role of the token or session does not allow this."""

    code = "FORBIDDEN"
    http_status = 403


class CursorExpiredError(MktdashError):
    """The resume cursor is of another epoch, or older than the stored events: query again, then subscribe again."""

    code = "CURSOR_EXPIRED"
    http_status = 410


class ProviderError(MktdashError):
    """A source gave no data: it failed, refused, or answered in another format."""

    code = "PROVIDER_FAILED"
    http_status = 502


class ProviderUnavailableError(ProviderError):
    """The source could not be reached, or asked to try again later."""

    code = "PROVIDER_UNAVAILABLE"
    retryable = True


class ProviderFormatError(ProviderError):
    """The source's answer is not in its published format: HTML, a cut file, other columns."""

    code = "PROVIDER_FORMAT"


class UnavailableError(MktdashError):
    """A part of mktdash itself (database, Redis) is unavailable."""

    code = "UNAVAILABLE"
    retryable = True
    http_status = 503


class TimedOutError(MktdashError):
    """The request took too long; a smaller one may succeed."""

    code = "TIMED_OUT"
    retryable = True
    http_status = 503


class ThrottledError(MktdashError):
    """Too many requests: try again after ``retryAfter`` seconds."""

    code = "THROTTLED"
    retryable = True
    http_status = 429


class TooCostlyError(MktdashError):
    """The operation is too costly: ask for fewer items, or split it."""

    code = "TOO_COSTLY"
    http_status = 400


class BadRequestError(MktdashError):
    """The request is malformed for this route."""

    code = "BAD_REQUEST"
    http_status = 400


class MethodNotAllowedError(BadRequestError):
    """The route does not support this method; mutations need POST."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class NotAcceptableError(BadRequestError):
    """None of the media types that the client accepts is available."""

    code = "NOT_ACCEPTABLE"
    http_status = 406


class TooLargeError(BadRequestError):
    """The request is too large."""

    code = "TOO_LARGE"
    http_status = 413


class AnswerTooLargeError(MktdashError):
    """The answer is too large: ask for fewer items, for ``maxPoints``, or page by page."""

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
    """No trusted document has this id: send its text, or build client and server from the same release."""

    code = "UNKNOWN_DOCUMENT"
    http_status = 404


class UntrustedDocumentError(BadRequestError):
    """This server runs trusted documents only, and this is not one."""

    code = "UNTRUSTED_DOCUMENT"
    http_status = 403


class ParseFailedError(BadRequestError):
    """The text is not a GraphQL document."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailedError(BadRequestError):
    """The document does not fit the schema, or is too deep or too large."""

    code = "GRAPHQL_VALIDATION_FAILED"
