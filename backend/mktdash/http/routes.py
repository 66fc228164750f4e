"""The routes beside GraphQL and the page."""

from typing import Any

from mktdash.http import downloads, health
from mktdash.http.metrics import metrics
from mktdash.http.openapi import docs
from mktdash.http.openapi.bodies import Alive, DataQuality, Readiness
from mktdash.http.operations import ANYONE, Answer, Operation, Parameter
from mktdash.http.pages import sign_in

JSON = "application/json"
_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}
_TEXT: dict[str, Any] = {"type": "string"}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_CACHED = {"ETag": "The file's hash; send it as If-None-Match.", "Cache-Control": "Keep it, and ask each time."}
_READY = Answer("Every part is good.", JSON, Readiness)
_NOT_READY = Answer("A part is not good; the body says which.", JSON, Readiness)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/api/health",
        name="health",
        summary="Health of every part",
        handler=health.ready,
        right=ANYONE,
        answers={200: _READY, 503: _NOT_READY},
    ),
    Operation(
        path="/api/health/live",
        name="live",
        summary="Liveness of this process",
        handler=health.live,
        right=ANYONE,
        answers={200: Answer("It does.", JSON, Alive)},
    ),
    Operation(
        path="/api/health/ready",
        name="ready",
        summary="Readiness: database, Redis, worker and feed",
        handler=health.ready,
        right=ANYONE,
        answers={200: _READY, 503: _NOT_READY},
    ),
    Operation(
        path="/api/health/data-quality",
        name="dataQuality",
        summary="Verdicts on all datasets",
        handler=health.data_quality,
        parameters=(
            Parameter(
                "strict",
                "query",
                "With 1, answer 503 where the worst verdict is FAIL; UNKNOWN stays 200, and in the body.",
                {"type": "string", "enum": ["0", "1"]},
            ),
        ),
        answers={
            200: Answer("The verdicts.", JSON, DataQuality),
            503: Answer("Asked strictly, and a verdict is FAIL or too old to count.", JSON, DataQuality),
        },
    ),
    Operation(
        path="/api/reports/{run_id}/{format}",
        name="reportFile",
        summary="A file of a finished report",
        handler=downloads.report,
        parameters=(
            Parameter("run_id", "path", "The run's id (runId in GraphQL).", _TEXT),
            Parameter("format", "path", "The file's format.", {"type": "string"}),
        ),
        answers={
            200: Answer("The file.", "*/*", _BYTES, headers=_CACHED),
            304: Answer("You have it already."),
        },
        refusals={404: "There is no such run, or it has no such file (yet)."},
    ),
    Operation(
        path="/api/raw/{sha256}",
        name="rawFile",
        summary="A raw file, as the source sent it",
        handler=downloads.raw,
        parameters=(Parameter("sha256", "path", "The hash of the bytes, as provenance gives it.", _SHA256),),
        answers={
            200: Answer("The bytes.", "application/octet-stream", _BYTES, headers=_CACHED),
            304: Answer("You have them already."),
        },
        refusals={404: "No such bytes are kept."},
    ),
    Operation(
        path="/api/openapi.json",
        name="openapi",
        summary="This API as OpenAPI",
        handler=docs.document,
        right=ANYONE,
        answers={200: Answer("OpenAPI 3.1.", JSON, {"type": "object"})},
    ),
    Operation(
        path="/api/docs",
        name="docs",
        summary="This API as a page",
        handler=docs.page,
        right=ANYONE,
        answers={200: Answer("A page that needs nothing from elsewhere.", "text/html", _TEXT)},
    ),
    Operation(
        path="/api/logout",
        name="logOut",
        summary="Log out: end the browser session and clear its cookie",
        handler=sign_in.log_out,
        right=ANYONE,
        method="POST",
        answers={204: Answer("It is over, or there was none.")},
        refusals={403: "A page of another origin asked."},
    ),
    Operation(
        path="/metrics",
        name="metrics",
        summary="Metrics for Prometheus",
        handler=metrics,
        answers={200: Answer("Prometheus text.", "text/plain", _TEXT)},
    ),
)
