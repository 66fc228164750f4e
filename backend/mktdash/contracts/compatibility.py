"""BACKWARD_TRANSITIVE: a reader of the newest schema reads data written under every version before it."""

from collections.abc import Mapping, Sequence
from typing import Any


def problems(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[str]:
    """Why data valid under ``older`` may be invalid under ``newer``; empty where none is.

    Looks at what the canonical schemas use: properties, required, additionalProperties, type, anyOf, pattern, bounds.
    """
    found = []
    old, new = older.get("properties", {}), newer.get("properties", {})
    if newer.get("additionalProperties") is False:
        found += [f"{name}: dropped, and unknown fields are refused" for name in old if name not in new]
    must_before = set(older.get("required", ()))
    found += [f"{name}: now required" for name in newer.get("required", ()) if name not in must_before]
    for name, was in old.items():
        if name in new:
            found += [f"{name}: {reason}" for reason in _narrowed(was, new[name])]
    return found


def _narrowed(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    reasons = []
    missing = _types(was) - _types(now)
    if missing:
        reasons.append(f"no longer takes {', '.join(sorted(missing))}")
    reasons += [
        f"{key} changed to {now[key]!r}"
        for key in ("pattern", "format")
        if now.get(key) is not None and now.get(key) != was.get(key)
    ]
    for key, tighter in _TIGHTER.items():
        before, after = was.get(key), now.get(key)
        if after is not None and (before is None or tighter(after, before)):
            reasons.append(f"{key} tightened to {after}")
    if "enum" in now:
        gone = [value for value in was.get("enum", ()) if value not in now["enum"]]
        if "enum" not in was:
            reasons.append("limited to a list of values")
        elif gone:
            reasons.append(f"no longer takes {gone}")
    if "items" in was and "items" in now:
        reasons += [f"items: {reason}" for reason in _narrowed(was["items"], now["items"])]
    return reasons


_TIGHTER: Mapping[str, Any] = {
    "minLength": lambda after, before: after > before,
    "maxLength": lambda after, before: after < before,
    "minimum": lambda after, before: after > before,
    "maximum": lambda after, before: after < before,
    "minItems": lambda after, before: after > before,
    "maxItems": lambda after, before: after < before,
}


def _types(schema: Mapping[str, Any]) -> set[str]:
    if "anyOf" in schema:
        return set().union(*(_types(one) for one in schema["anyOf"]))
    kind = schema.get("type")
    if kind is None:
        return set()
    types = {kind} if isinstance(kind, str) else set(kind)
    return types | ({"integer"} if "number" in types else set())


def transitive_problems(schemas: Sequence[Mapping[str, Any]]) -> list[str]:
    """The problems of every version with every version before it, named ``vN after vM``; versions count from 1."""
    return [
        f"v{newer + 1} after v{older + 1}: {reason}"
        for newer in range(len(schemas))
        for older in range(newer)
        for reason in problems(schemas[older], schemas[newer])
    ]
