"""The published pages beside the GraphQL schema: error catalogue, permissions, OpenAPI.

All of it is made from the code; ``mktdash schema export`` writes it and ``mktdash schema check`` compares.
"""

import importlib
import inspect
from collections.abc import Iterator

import orjson

from mktdash.domain.errors import MktdashError
from mktdash.graphql.rights import READER, rights
from mktdash.graphql.roots import Mutation, Query, Subscription
from mktdash.http.openapi import document
from mktdash.http.operations import ANYONE
from mktdash.http.routes import OPERATIONS
from mktdash.security.principals import Role

# Where errors of their own are defined, beside what the imports above bring along.
_ALSO = (
    "mktdash.jobs.render_process",
    "mktdash.supervisor.home",
    "mktdash.reports.verify",
)
_INTERNAL = "Something that nobody expected: the server's log has it under the requestId."
_REQUEST = "5f0c2d9a1b7e4c36"


_ERRORS = """# Errors

Made from the code by `mktdash schema export`.

Every error has a code that does not change, says whether the same request may succeed later, and carries
the id under which the server's log knows the request. The facts of an occurrence stand beside the code: the
symbol that is unknown and those it may have meant, the argument that makes no sense and its bounds.

| Code | Meaning | Retryable | HTTP status |
|---|---|---|---|
{rows}

## In GraphQL

In `errors[].extensions`. A field that fails is null, its error has its path, the rest of the answer stands.
A request that cannot run at all has no `data`; as `application/graphql-response+json` it has the status
above. Failures that a caller must expect of a mutation are members of its result, not errors.

{graphql}

## In streams

A WebSocket that is not let in closes with the code 4403. One whose token or session ends while it is open (revoked,
expired, logged out, given another role) closes with 4401 and the reason `UNAUTHENTICATED: ...` within about two
seconds; a server-sent stream gets a last `next` event whose error has the code `UNAUTHENTICATED`, then `complete`.
Where tokens cannot be looked up for a minute, it is 1013 and `UNAVAILABLE` instead.

## In HTTP

As `application/problem+json` (RFC 9457). `type` is `urn:mktdash:error:` and the code.

{problem}
"""
_PERMISSIONS = """# Who may do what

Made from the code by `mktdash schema export`; a test walks every row with every role.

*Stranger*: no token, from another machine, through a proxy, or under a name that is not this machine's.
*This machine*: no token, from loopback to a loopback name, while `MKTDASH_ANONYMOUS_READ` is on.
Each role may do all that the ones before it may. What a root field gives is as open as the field itself.

{head}
{rows}
"""


def published_files() -> dict[str, str]:
    """Each published file below ``schema``, with its text."""
    return {
        "openapi.json": document.text(OPERATIONS),
        "errors.md": errors_page(),
        "permissions.md": permissions_page(),
    }


def error_classes() -> list[type[MktdashError]]:
    """Every error there is, by code; one class a code."""
    for name in _ALSO:
        importlib.import_module(name)
    found: dict[str, type[MktdashError]] = {}
    for one in _below(MktdashError):
        if one.__module__.startswith("mktdash."):
            found.setdefault(one.code, one)
    return [found[code] for code in sorted(found)]


def errors_page() -> str:
    """The catalogue of errors."""
    rows = [
        f"| `{one.code}` | {_meaning(one)} | {'yes' if one.retryable else 'no'} | {one.http_status} |"
        for one in error_classes()
    ]
    graphql = {
        "message": "no instrument is called 'EURUSDD'",
        "path": ["series"],
        "extensions": {
            "symbol": "EURUSDD",
            "suggestions": ["EURUSD"],
            "code": "UNKNOWN_SYMBOL",
            "requestId": _REQUEST,
            "retryable": False,
        },
    }
    problem = {
        "run": "0000019a2b3c4d5e6f708192",
        "format": "pdf",
        "type": "urn:mktdash:error:NOT_FOUND",
        "title": "report run '0000019a2b3c4d5e6f708192' has no pdf file",
        "status": 404,
        "code": "NOT_FOUND",
        "retryable": False,
        "requestId": _REQUEST,
    }
    return _ERRORS.format(rows="\n".join(rows), graphql=_example(graphql), problem=_example(problem))


def permissions_page() -> str:
    """Who may do what."""
    operations = [
        *((f"`{name}`", needed) for name, needed in rights({"Query": Query, "Mutation": Mutation})),
        *((f"`{name}`", needed) for name, needed in rights({"Subscription": Subscription})),
        *((f"`{one.method} {one.path}`", _right(one.right)) for one in OPERATIONS),
        ("`GET /*` (the page)", ANYONE),
    ]
    columns = ["stranger", "this machine", *(role.name.lower() for role in Role if role is not Role.ANONYMOUS)]
    rows = [
        f"| {name} | " + " | ".join("yes" if _may(column, needed) else "" for column in columns) + " |"
        for name, needed in operations
    ]
    head = f"| Operation | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
    return _PERMISSIONS.format(head=head, rows="\n".join(rows))


def _right(right: str | Role) -> str:
    return right.name.lower() if isinstance(right, Role) else right


def _may(who: str, needed: str) -> bool:
    if needed == ANYONE:
        return True
    if who == "stranger":
        return False
    if needed == READER:
        return True
    return who != "this machine" and Role.named(who) >= Role.named(needed)


def _meaning(error: type[MktdashError]) -> str:
    if error is MktdashError:
        return _INTERNAL
    return " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split()).replace("``", "`")


def _example(body: object) -> str:
    return f"```json\n{orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()}\n```"


def _below(parent: type[MktdashError]) -> Iterator[type[MktdashError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _below(child)
