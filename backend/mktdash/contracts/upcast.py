"""Reading an observation written under an older contract as one of the newest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.errors import InvalidInputError

Record = Mapping[str, Any]


def _v1_to_v2(record: Record) -> dict[str, Any]:
    """v2 only adds fields, and each is optional: what v1 did not say stays unsaid."""
    return dict(record)


# The step at position n leads from version n + 1 to version n + 2.
STEPS: Sequence[Callable[[Record], dict[str, Any]]] = (_v1_to_v2,)


def upcast(record: Record, version: int) -> BaseModel:
    """A record of contract ``version`` as an observation of the newest one.

    Raises:
        InvalidInputError: there is no such version.
        pydantic.ValidationError: the record is not valid under the version it claims.
    """
    if not 1 <= version <= len(CONTRACTS):
        raise InvalidInputError(f"there is no contract version {version}", version=version, newest=len(CONTRACTS))
    content = CONTRACTS[version - 1].model.model_validate(record).model_dump(mode="json", exclude_unset=True)
    for step in STEPS[version - 1 :]:
        content = step(content)
    return CONTRACTS[-1].model.model_validate(content)
