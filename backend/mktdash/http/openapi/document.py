"""OpenAPI 3.1 of every HTTP route, made from the same operations that routing uses."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mktdash import __version__
from mktdash.http.openapi.bodies import Problem
from mktdash.http.operations import ANYONE, Answer, Operation
from mktdash.http.problems import MEDIA_TYPE

_REFERENCE = "#/components/schemas/{model}"
_REQUEST_ID = {"X-Request-Id": {"description": "The id in the server's log.", "schema": {"type": "string"}}}
_GRAPHQL_TYPES = ("application/graphql-response+json", "application/json", "text/event-stream")
_REFUSALS = {
    400: "The request is not of the form that GraphQL over HTTP gives it, or its document cannot run.",
    401: "Reading from here needs a token, or the token is not good.",
    403: "A browser's session was used by a page of another origin, or only trusted documents are run here.",
    404: "No trusted document has this documentId.",
    405: "Only GET and POST; a mutation by POST only.",
    406: "Nothing that is accepted can be given.",
    413: "The body is larger than 256 KiB.",
    415: "The body is not declared as application/json.",
    429: "Too often, or too costly for what is left this minute; Retry-After says when again.",
    503: "No answer in time; or tokens cannot be looked up, or requests not be counted, just now.",
}
# The outermost layer refuses these before the route is looked for, as problem documents.
_BEFORE_ROUTING = {
    400: "The request names two hosts.",
    401: _REFUSALS[401],
    429: "Too often; Retry-After says when again.",
    503: "Tokens cannot be looked up, or requests not be counted, just now.",
}
_RETRY_AFTER = {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "string"}}}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The description of these operations and of ``/graphql``."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    paths["/graphql"] = {"post": _graphql_post(), "get": _graphql_get()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mktdash",
            "version": __version__,
            "description": "The HTTP routes of mktdash. Market data themselves are asked of /graphql; "
            "its schema is schema/graphql/schema.graphql.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}, {}],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `mktdash token create --name NAME --role viewer`.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "mktdash_session",
                    "description": "A browser's session, given for ?token= behind any address of the page; it ends "
                    "with its token, and by POST /api/logout. The name ends with the port, and begins with __Host- "
                    "over TLS.",
                },
            },
        },
    }


def text(operations: tuple[Operation, ...]) -> str:
    """The description as committed at ``schema/openapi.json``."""
    return orjson.dumps(document(operations), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            **{str(status): _answer(answer) for status, answer in operation.answers.items()},
            **{str(status): _refusal(status, sentence) for status, sentence in _refusals(operation).items()},
        },
        "x-right": operation.right if isinstance(operation.right, str) else operation.right.name.lower(),
    }
    if operation.parameters:
        described["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.where,
                "description": parameter.description,
                "required": parameter.where == "path",
                "schema": dict(parameter.schema),
            }
            for parameter in operation.parameters
        ]
    if operation.right == ANYONE:
        described["security"] = [{}]
    return described


def _refusals(operation: Operation) -> Mapping[int, str]:
    # A token that is not good is refused everywhere, even where none is needed. Whether a process lives is not counted,
    # and monitors are answered also where nothing can be counted.
    never: tuple[int, ...] = (503,) if operation.path.startswith("/api/health") else ()
    if operation.path == "/api/health/live":
        never = (429, 503)
    refusals = {**_BEFORE_ROUTING, **operation.refusals}
    for status in never:
        del refusals[status]
    return {status: refusals[status] for status in sorted(refusals)}


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": answer.description,
        "headers": {
            **_REQUEST_ID,
            **{
                name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in answer.headers.items()
            },
        },
    }
    if answer.media_type is not None:
        described["content"] = {answer.media_type: {"schema": _schema(answer.body)}}
    return described


def _refusal_headers(status: int) -> dict[str, Any]:
    return _REQUEST_ID | _RETRY_AFTER if status == HTTPStatus.TOO_MANY_REQUESTS else _REQUEST_ID


def _refusal(status: int, sentence: str) -> dict[str, Any]:
    headers = _refusal_headers(status)
    return {"description": sentence, "headers": headers, "content": {MEDIA_TYPE: {"schema": _schema(Problem)}}}


def _schema(body: type[BaseModel] | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(body, type):
        return {"$ref": _REFERENCE.format(model=body.__name__)}
    return dict(body or {})


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    models = {Problem} | {
        answer.body
        for operation in operations
        for answer in operation.answers.values()
        if isinstance(answer.body, type)
    }
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema([(model, "serialization") for model in ordered], ref_template=_REFERENCE)
    schemas: dict[str, Any] = definitions["$defs"]
    schemas["GraphQLRequest"] = {
        "type": "object",
        "oneOf": [{"required": ["query"]}, {"required": ["documentId"]}],
        "properties": {
            "query": {"type": "string", "description": "The document."},
            "documentId": {"type": "string", "description": "A trusted document: sha256: and the hash of its text."},
            "operationName": {"type": ["string", "null"]},
            "variables": {"type": ["object", "null"]},
            "extensions": {"type": ["object", "null"]},
        },
    }
    schemas["GraphQLResponse"] = {
        "type": "object",
        "properties": {
            "data": {"type": ["object", "null"]},
            "errors": {
                "type": "array",
                "maxItems": 5,
                "items": {
                    "type": "object",
                    "required": ["message", "extensions"],
                    "properties": {
                        "message": {"type": "string"},
                        "path": {"type": "array"},
                        "locations": {"type": "array"},
                        "extensions": {
                            "type": "object",
                            "required": ["code", "requestId", "retryable"],
                            "properties": {
                                "code": {"type": "string"},
                                "requestId": {"type": "string"},
                                "retryable": {"type": "boolean"},
                            },
                        },
                    },
                },
            },
            "extensions": {"type": "object"},
        },
    }
    return schemas


def _graphql_answers() -> dict[str, Any]:
    body = {"$ref": _REFERENCE.format(model="GraphQLResponse")}
    answers: dict[str, Any] = {
        "200": {
            "description": "The answer; errors of fields stand beside the data.",
            "headers": _REQUEST_ID,
            "content": {
                kind: {"schema": {"type": "string"} if kind == "text/event-stream" else body} for kind in _GRAPHQL_TYPES
            },
        }
    }
    for status, sentence in _REFUSALS.items():
        content = {kind: {"schema": body} for kind in _GRAPHQL_TYPES[:2]}
        if status in _BEFORE_ROUTING:
            content[MEDIA_TYPE] = {"schema": _schema(Problem)}
        answers[str(status)] = {"description": sentence, "headers": _refusal_headers(status), "content": content}
    return answers


def _graphql_post() -> dict[str, Any]:
    request = {"$ref": _REFERENCE.format(model="GraphQLRequest")}
    return {
        "operationId": "graphqlPost",
        "summary": "A GraphQL operation; subscriptions as text/event-stream or over WebSocket",
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": _graphql_answers(),
        "x-right": "reader",
    }


def _graphql_get() -> dict[str, Any]:
    text_of = {"type": "string"}
    return {
        "operationId": "graphqlGet",
        "summary": "A GraphQL query",
        "parameters": [
            {"name": "query", "in": "query", "required": False, "description": "The document.", "schema": text_of},
            {
                "name": "documentId",
                "in": "query",
                "required": False,
                "description": "A trusted document in place of the query: sha256: and the hash of its text.",
                "schema": text_of,
            },
            {"name": "operationName", "in": "query", "required": False, "schema": text_of},
            {
                "name": "variables",
                "in": "query",
                "required": False,
                "description": "A JSON object.",
                "schema": text_of,
            },
            {
                "name": "GraphQL-Preflight",
                "in": "header",
                "required": True,
                "description": "Any value: a header that no plain link can carry.",
                "schema": text_of,
            },
        ],
        "responses": _graphql_answers(),
        "x-right": "reader",
    }
