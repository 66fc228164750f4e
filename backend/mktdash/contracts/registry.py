"""The published versions of the canonical schema, oldest first, and which one a batch is validated against."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from pydantic import BaseModel

from mktdash.contracts.v1 import ObservationV1
from mktdash.contracts.v2 import ObservationV2
from mktdash.domain.errors import NotFoundError
from mktdash.domain.observation import BAR_FIELDS, Columns

NAME = "observation"
COMPATIBILITY = "BACKWARD_TRANSITIVE"


@dataclass(frozen=True)
class Contract:
    """A version of the canonical schema."""

    version: int
    model: type[BaseModel]

    @property
    def name(self) -> str:
        """The name batches carry: ``observation.v1``."""
        return f"{NAME}.v{self.version}"

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12), generated from the model."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:mktdash:{self.name}",
            **self.model.model_json_schema(),
        }

    @cached_property
    def text(self) -> str:
        """The schema as committed under ``schema/market``."""
        return orjson.dumps(self.json_schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"

    @cached_property
    def sha256(self) -> str:
        """The hash of the committed text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def described(self, at: int) -> dict[str, Any]:
        """The row that keeps this version beside the data; ``at`` in microseconds."""
        return {
            "name": NAME,
            "version": self.version,
            "sha256": self.sha256,
            "json_schema": self.json_schema,
            "compat": COMPATIBILITY,
            "created_at": at,
        }


CONTRACTS: Sequence[Contract] = (Contract(1, ObservationV1), Contract(2, ObservationV2))


def contract_named(name: str) -> Contract:
    """The version of a name that batches carry.

    Raises:
        NotFoundError: this version of mktdash has none of that name.
    """
    for one in CONTRACTS:
        if one.name == name:
            return one
    known = [one.name for one in CONTRACTS]
    raise NotFoundError(
        f"it was validated against {name}, and this mktdash has {', '.join(known)}", contract=name, known=known
    )


def contract_for(columns: Columns) -> Contract:
    """The oldest version that can say everything these columns say: v1 for plain values, v2 for bars."""
    has_bars = any(getattr(columns, name) is not None for name in BAR_FIELDS)
    return CONTRACTS[1] if has_bars else CONTRACTS[0]
