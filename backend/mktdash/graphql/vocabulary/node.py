"""Relay's Node: what every thing with an id of its own has in common."""

import strawberry


@strawberry.interface(name="Node", description="An object with a global id: `node(id)` finds it again.")
class Node:
    """A thing with an id."""

    id: strawberry.ID = strawberry.field(description="Global id; opaque.")
