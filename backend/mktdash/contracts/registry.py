"""The published versions of the canonical schema, oldest first, and which one a batch is held to."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel

from mktdash.contracts.v1 import ObservationV1
from mktdash.contracts.v2 import ObservationV2
from mktdash.domain.observation import BAR_FIELDS, Columns

NAME = "observation"
COMPATIBILITY = "BACKWARD_TRANSITIVE"


@dataclass(frozen=True, slots=True)
class Contract:
    """A version of the canonical schema."""

    version: int
    model: type[BaseModel]

    @property
    def name(self) -> str:
        """The name batches carry: ``observation.v1``."""
        return f"{NAME}.v{self.version}"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12), generated from the model."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:mktdash:{self.name}",
            **self.model.model_json_schema(),
        }

    @property
    def text(self) -> str:
        """The schema as committed under ``schema/market``."""
        return orjson.dumps(self.json_schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"

    @property
    def sha256(self) -> str:
        """The hash of the committed text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


CONTRACTS: Sequence[Contract] = (Contract(1, ObservationV1), Contract(2, ObservationV2))


def contract_for(columns: Columns) -> Contract:
    """The oldest version that can say everything these columns say: v1 for plain values, v2 for bars."""
    has_bars = any(getattr(columns, name) is not None for name in BAR_FIELDS)
    return CONTRACTS[1] if has_bars else CONTRACTS[0]
