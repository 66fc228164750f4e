"""Fields answered for all their parents at once, each by one function: plans call it, the executor by loaders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, get_args

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField

from mktdash.graphql.context import Info, RequestContext

_KEY = "mktdash.batched"


@dataclass(frozen=True, slots=True)
class Parents:
    """All the parents of a field, in place of one."""

    objects: Sequence[Any]


def batched(*, description: str, metadata: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Makes a field of a static method that takes parents and the request's context, and gives a value each.

    What else it takes are the field's arguments.
    """

    def declare(function: Any) -> Any:
        of_all = signature(function)
        _, _, *arguments = of_all.parameters.values()
        (of_one,) = get_args(of_all.return_annotation)

        async def resolve(self: Any, info: Info, **given: Any) -> Any:
            if isinstance(self, Parents):
                return await function(self.objects, info.context, **given)
            return await _loader(info.context, function, given).load(self)

        parent, info, _ = signature(resolve).parameters.values()
        resolve.__signature__ = of_all.replace(  # type: ignore[attr-defined]  # what strawberry reads
            parameters=[parent, info, *arguments], return_annotation=of_one
        )
        resolve.__module__ = function.__module__
        return strawberry.field(resolve, description=description, metadata={**metadata, _KEY: True})

    return declare


def is_batched(field: StrawberryField) -> bool:
    """Whether a field's resolver takes ``Parents``."""
    return _KEY in field.metadata


def _loader(context: RequestContext, function: Any, given: Mapping[str, Any]) -> DataLoader[Any, Any]:
    async def load(parents: list[Any]) -> Sequence[Any]:
        values: Sequence[Any] = await function(parents, context, **given)
        return values

    key = (function, *given.items())
    if key not in context.loaders:
        # Its parents are objects of the answer, so none is asked for twice.
        context.loaders[key] = DataLoader(load_fn=load, cache=False)
    found: DataLoader[Any, Any] = context.loaders[key]
    return found
