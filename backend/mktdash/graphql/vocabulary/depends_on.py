"""What a field's value depends on, said where the field is defined. A field that says nothing is in no kept answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from graphql import GraphQLField, GraphQLNamedType, get_named_type, is_leaf_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

T = TypeVar("T", bound=type)

_KEY = "mktdash.depends"
_ATTRIBUTES = "__mktdash_attributes__"


@dataclass(frozen=True, slots=True)
class Declared:
    """What an author has said of a field.

    Attributes:
        topics: the versions (``store.live.topic_versions``) that move whenever its value may change.
        notes: its resolver notes each dataset that it, or any field below it, tells of; so of the topics that each
            dataset has of its own, those of the datasets noted count. Without it those of all datasets do.
        never: why no answer with it is kept; empty where one may be.
    """

    topics: frozenset[str] = frozenset()
    notes: bool = False
    never: str = ""


def depends_on(*topics: str, notes: bool = False) -> Mapping[str, Declared]:
    """For a field's ``metadata``: its value changes with these topics, and with nothing else.

    A value that changes with the clock as well must say until when it holds (``Reading.ends``). See ``Declared``.
    """
    return {_KEY: Declared(frozenset(topics), notes)}


def never_kept(why: str) -> Mapping[str, Declared]:
    """For a field's ``metadata``: no answer with it is kept, because of this."""
    return {_KEY: Declared(never=why)}


def attributes_depend_on(*topics: str) -> Callable[[T], T]:
    """For a type: its plain attributes that are scalars or enums change with these topics, if they say nothing else."""

    def declare(kind: T) -> T:
        setattr(kind, _ATTRIBUTES, Declared(frozenset(topics)))
        return kind

    return declare


def attributes_never_kept(why: str) -> Callable[[T], T]:
    """For a type: no answer with any of its fields is kept, because of this."""

    def declare(kind: T) -> T:
        setattr(kind, _ATTRIBUTES, Declared(never=why))
        return kind

    return declare


def declared(parent: GraphQLNamedType, field: GraphQLField) -> Declared | None:
    """What was said of a field of a type; None where nothing was."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField):
        return None
    kind: Any = parent.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    # Not what a type inherits: who derives from it says it anew.
    of_type: Declared | None = None if kind is None else vars(kind.origin).get(_ATTRIBUTES)
    own: Declared | None = definition.metadata.get(_KEY)
    if own is not None or of_type is None or of_type.never:
        return own or of_type
    plain = definition.base_resolver is None and is_leaf_type(get_named_type(field.type))
    return of_type if plain else None
