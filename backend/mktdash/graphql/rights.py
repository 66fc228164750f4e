"""Who may use which root field: declared on it, checked before its resolver, listed in ``schema/permissions.md``.

A right stands on root fields only. What they give is as open as they are, so the fields below cost no check.
"""

from collections.abc import Iterator
from typing import Any

from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver
from strawberry.types.base import StrawberryObjectDefinition

from mktdash.graphql.context import Info
from mktdash.security.principals import Role

READER = "reader"


class Needs(FieldExtension):
    """The role that a mutation needs."""

    def __init__(self, role: Role) -> None:
        self.role = role

    # By position only: a field may well have an argument called ``source``.
    async def resolve_async(  # type: ignore[override]
        self, next_: AsyncExtensionResolver, source: Any, info: Info, /, **kwargs: Any
    ) -> Any:
        """Check the principal, then resolve.

        Raises:
            UnauthenticatedError: nobody is known here.
            ForbiddenError: the role is too small.
        """
        info.context.principal.require(self.role)
        return await next_(source, info, **kwargs)


def needs(role: Role, description: str, *errors: str) -> dict[str, Any]:
    """The description and the check of a root field that needs a role; ``errors`` beside those of the right."""
    above = "" if role is max(Role) else " or above"
    codes = ", ".join(("UNAUTHENTICATED", "FORBIDDEN", *errors))
    text = f"{description} Needs the role {role.name.lower()}{above}. Errors: {codes}."
    return {"description": text, "extensions": [Needs(role)]}


def rights(roots: dict[str, type]) -> Iterator[tuple[str, str]]:
    """Each root field with what it needs: a role, or ``reader`` for whoever may read."""
    for kind, root in roots.items():
        definition: StrawberryObjectDefinition = root.__strawberry_definition__  # type: ignore[attr-defined]
        for field in definition.fields:
            name = field.graphql_name or _camel(field.python_name)
            needs = next((one for one in field.extensions if isinstance(one, Needs)), None)
            yield f"{kind}.{name}", READER if needs is None else needs.role.name.lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
