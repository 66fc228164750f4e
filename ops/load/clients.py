"""Requests as people's clients write them: Apollo and urql ask ``__typename`` of everything, the page its own texts."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from graphql import FieldNode, NameNode, OperationDefinitionNode, SelectionSetNode, Visitor, parse, print_ast, visit

from mktdash.settings import REPOSITORY
from ops.load.driver import post

_MANIFEST = REPOSITORY / "schema" / "graphql" / "documents.json"
_BOTH = "application/graphql-response+json, application/json;q=0.9"
# As good as no end.
MANY = 1 << 30
# What a server must answer that its client wants: a body and the headers it comes with.
Asked = tuple[dict[str, Any], dict[str, str]]
Client = Callable[[str, Mapping[str, Any]], Asked]


def apollo(text: str, variables: Mapping[str, Any]) -> Asked:
    """As Apollo Client 4 sends it."""
    written = {"operationName": operation_of(text), "variables": dict(variables), "query": with_typenames(text)}
    written["extensions"] = {"clientLibrary": {"name": "@apollo/client", "version": "4.0.9"}}
    return written, {"accept": _BOTH, "accept_encoding": "gzip, deflate, br, zstd"}


def urql(text: str, variables: Mapping[str, Any]) -> Asked:
    """As urql 5 sends it."""
    written = {"operationName": operation_of(text), "query": with_typenames(text), "variables": dict(variables)}
    accept = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, "
    return written, {"accept": f"{accept}multipart/mixed", "accept_encoding": "gzip, deflate, br, zstd"}


def gql(text: str, variables: Mapping[str, Any]) -> Asked:
    """As Python's gql 4 sends it."""
    written: dict[str, Any] = {"query": print_ast(parse(text))}
    if variables:
        written["variables"] = dict(variables)
    return written, {"accept": "*/*", "accept_encoding": "gzip, deflate"}


def page(text: str, variables: Mapping[str, Any]) -> Asked:
    """As the page sends its texts."""
    return {"query": text, "variables": dict(variables)}, {
        "accept": "application/json",
        "accept_encoding": "gzip, deflate, br, zstd",
    }


CLIENTS: Mapping[str, Client] = {
    "Apollo": apollo,
    "urql": urql,
    "gql": gql,
    "page": page,
}


def raw(asked: Asked) -> bytes:
    """The request as it goes over the wire, but for the answer to come unpacked: the load generator decodes nothing."""
    body, headers = asked
    return post("/graphql", orjson.dumps(body), **headers | {"accept_encoding": "identity"})


class Anew(Sequence[bytes]):
    """Requests without end, made as they are asked for: each by a number that no other of them has."""

    def __init__(self, make: Callable[[int], bytes]) -> None:
        self._make = make
        self._asked = 0

    def __len__(self) -> int:
        return MANY

    def __getitem__(self, _: Any) -> Any:
        self._asked += 1
        return self._make(self._asked)


@cache
def pages_own() -> Mapping[str, str]:
    """The page's own texts by the names of their operations."""
    texts: dict[str, str] = orjson.loads(_MANIFEST.read_bytes())
    return {operation_of(text) or "": text for text in texts.values()}


@cache
def operation_of(text: str) -> str | None:
    """The name of a text's operation; None where it has none."""
    found = next(one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode))
    return found.name.value if found.name else None


@cache
def with_typenames(text: str) -> str:
    """The text with ``__typename`` at the end of each selection but those of operations, where it is not yet."""
    return print_ast(visit(parse(text), _Typenames()))


class _Typenames(Visitor):
    @staticmethod
    def leave_selection_set(node: SelectionSetNode, _: Any, parent: Any, *__: Any) -> SelectionSetNode | None:
        """Add it."""
        if isinstance(parent, OperationDefinitionNode) or any(
            isinstance(one, FieldNode) and one.name.value == "__typename" for one in node.selections
        ):
            return None
        typename = FieldNode(name=NameNode(value="__typename"), directives=(), arguments=())
        return SelectionSetNode(selections=(*node.selections, typename))
