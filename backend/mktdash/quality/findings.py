"""Encodes the findings of thousands of series in few bytes: what most of them share is written once."""

from collections.abc import Mapping
from typing import Any

import orjson

from mktdash.quality.base import Finding, Status

# Grows when the stored form changes: findings stored in another form are discarded.
FORMAT = "3"


def encode_findings(findings: Mapping[int, Finding]) -> dict[str, Any]:
    """JSON-ready: the series that share a finding without detail or the commonest with one, and the others in full."""
    # Equal findings that were decoded are one object, so most of the grouping needs no comparison.
    objects: dict[int, tuple[Finding, list[int]]] = {}
    for key, found in findings.items():
        group = objects.get(id(found))
        if group is None:
            objects[id(found)] = (found, [key])
        else:
            group[1].append(key)
    plain: dict[tuple[Status, float | None], list[int]] = {}
    detailed: dict[str, list[int]] = {}
    for found, keys in objects.values():
        if found.detail:
            detailed.setdefault(_text(found), []).extend(keys)
        else:
            plain.setdefault((found.status, found.value), []).extend(keys)
    return {
        "plain": [[status.value, value, sorted(keys)] for (status, value), keys in plain.items()],
        "detailed": [[orjson.loads(text), sorted(keys)] for text, keys in detailed.items()],
    }


def decode_findings(packed: Mapping[str, Any]) -> dict[int, Finding]:
    """The findings by series id; those that are alike are one object."""
    found: dict[int, Finding] = {}
    for status, value, keys in packed["plain"]:
        found.update(dict.fromkeys(keys, Finding(Status(status), value)))
    for (status, value, detail), keys in packed["detailed"]:
        found.update(dict.fromkeys(keys, Finding(Status(status), value, detail)))
    return found


def _text(found: Finding) -> str:
    row = [found.status.value, found.value, dict(found.detail)]
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode()
