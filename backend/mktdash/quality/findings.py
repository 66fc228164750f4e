"""Findings of thousands of series in few bytes: what most of them share is written once."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from mktdash.quality.base import Finding, Status

# Grows when the stored form changes: findings stored in another one are void.
FORMAT = "2"


def pack(findings: Mapping[int, Finding]) -> dict[str, Any]:
    """JSON-ready: those without detail as columns by status, those with the commonest detail by id, others in full."""
    plain: dict[Status, tuple[list[int], list[float | None]]] = {}
    alike: dict[int, str] = {}
    texts: dict[int, str] = {}
    for key, found in findings.items():
        if not found.detail:
            ids, values = plain.setdefault(found.status, ([], []))
            ids.append(key)
            values.append(found.value)
            continue
        # Findings that were unpacked together are one object: they are written once.
        text = alike.get(id(found))
        if text is None:
            text = alike[id(found)] = _text(found)
        texts[key] = text
    common = max(Counter(texts.values()).items(), key=lambda item: (item[1], item[0]), default=("", 0))[0]
    return {
        "plain": {status.value: list(columns) for status, columns in plain.items()},
        "common": orjson.loads(common) if common else None,
        "shared_by": [key for key, text in texts.items() if text == common],
        "others": {str(key): orjson.loads(text) for key, text in texts.items() if text != common},
    }


def unpack(packed: Mapping[str, Any]) -> dict[int, Finding]:
    """The findings by series id."""
    found: dict[int, Finding] = {}
    for name, (ids, values) in packed["plain"].items():
        status = Status(name)
        if len(set(values)) == 1:
            found.update(dict.fromkeys(ids, Finding(status, values[0])))
        else:
            found.update({key: Finding(status, value) for key, value in zip(ids, values, strict=True)})
    if packed["common"] is not None:
        found.update(dict.fromkeys(packed["shared_by"], _finding(packed["common"])))
    found.update({int(key): _finding(row) for key, row in packed["others"].items()})
    return found


def _text(found: Finding) -> str:
    row = [found.status.value, found.value, dict(found.detail)]
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode()


def _finding(row: list[Any]) -> Finding:
    return Finding(Status(row[0]), row[1], row[2])
