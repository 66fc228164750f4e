"""Errors as clients see them: a code, whether to try again, the request's id; never more than was meant for them."""

import logging

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from mktdash.domain.errors import (
    BadRequestError,
    InvalidInputError,
    MethodNotAllowedError,
    MktdashError,
    ParseFailedError,
)
from mktdash.graphql.documents.limits import MOST_ERRORS
from mktdash.graphql.vocabulary.value_errors import in_plain_words

_log = logging.getLogger(__name__)


def present(errors: list[GraphQLError], request_id: str) -> None:
    """Make errors fit to be sent, in place: code, retryable, requestId and data in ``extensions``; surprises masked.

    At most five are kept. A surprise is logged here, once, with its traceback.
    """
    del errors[MOST_ERRORS:]
    for error in errors:
        if (error.extensions or {}).get("requestId") is not None:
            continue
        cause = _cause(error)
        if isinstance(cause, MktdashError):
            error.message = cause.message
            _mark(error, cause.code, request_id, retryable=cause.retryable, data=dict(cause.data))
        elif cause is None:
            error.message = in_plain_words(error.message)
            _mark(error, _code_of(error), request_id)
        else:
            _log.error("request %s failed at %s", request_id, error.path, exc_info=cause)
            error.message = "internal error"
            _mark(error, MktdashError.code, request_id)


def system_error(error: MktdashError, request_id: str) -> dict[str, object]:
    """An error outside of any document, as an entry of ``errors``."""
    return {
        "message": error.message,
        "extensions": {**error.data, "code": error.code, "requestId": request_id, "retryable": error.retryable},
    }


def _cause(error: GraphQLError) -> Exception | None:
    """What was raised; None where graphql itself refused the request."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        if cause.original_error is None:
            return None
        cause = cause.original_error
    if isinstance(cause, MissingQueryError):
        return BadRequestError("the request has no query")
    if isinstance(cause, CannotGetOperationTypeError):
        return BadRequestError(cause.as_http_error_reason())
    if isinstance(cause, InvalidOperationTypeError):
        return MethodNotAllowedError(error.message)
    return cause


def _code_of(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return ParseFailedError.code
    code = (error.extensions or {}).get("code")
    # Without a code of ours it is a variable or an argument that did not fit its type.
    return code if isinstance(code, str) else InvalidInputError.code


def _mark(
    error: GraphQLError, code: str, request_id: str, *, retryable: bool = False, data: dict[str, object] | None = None
) -> None:
    error.extensions = {**(data or {}), "code": code, "requestId": request_id, "retryable": retryable}
