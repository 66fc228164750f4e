"""What the expected failures have in common: members of a mutation's result, where a caller must look for them."""

import strawberry


@strawberry.type
class Failure:
    """An expected failure."""

    message: str = strawberry.field(description="What was wrong.")


@strawberry.type
class UnknownId(Failure):
    """There is nothing with the id in the request."""

    id: strawberry.ID = strawberry.field(description="The id in the request.")
