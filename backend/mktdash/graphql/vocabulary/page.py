"""Relay's page information."""

import strawberry

from mktdash.graphql.vocabulary.depends_on import attributes_depend_on


# Nothing but what the field that gives it depends on.
@attributes_depend_on()
@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether there are items after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are items before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item; pass it as `after` for the next page. Null on an empty page."
    )

    @classmethod
    def over(cls, cursors: list[str], *, has_next: bool, has_previous: bool) -> "PageInfo":
        """The information on a page whose items have these cursors."""
        return cls(
            has_next_page=has_next,
            has_previous_page=has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
