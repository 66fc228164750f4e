"""What changed: a value that was superseded, and what came after it."""

import strawberry

from mktdash.domain.errors import InvalidInputError
from mktdash.domain.flags import flag_names
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.ids import key_after, page_cursor
from mktdash.graphql.vocabulary.page import PageInfo
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import Page
from mktdash.store.live.topic_versions import DATA
from mktdash.store.series.revisions import RevisionRow

REVISIONS = "Revision"


def revision_after(cursor: str | None) -> tuple[int, int, int] | None:
    """The place a cursor points after; None for the beginning.

    Raises:
        InvalidInputError: the text is not a cursor of a list of changes.
    """
    key = key_after(REVISIONS, cursor)
    if key is None:
        return None
    try:
        superseded_at, series_id, as_of = map(int, key.split(":"))
    except ValueError:
        raise InvalidInputError("after is not a cursor of this list", argument="after") from None
    return superseded_at, series_id, as_of


@attributes_depend_on(DATA)
@strawberry.type(name="Revision", description="A change of one value: from what, to what, and when it was learned.")
class RevisionType:
    """An old value and its successor."""

    as_of: Instant = strawberry.field(description="When the value holds.")
    old_value: float = strawberry.field(description="What was known before.")
    old_flags: list[str] = strawberry.field(description="The names of the quality flags it carried.")
    new_value: float | None = strawberry.field(description="What replaced it; null where the source withdrew it.")
    new_flags: list[str] = strawberry.field(description="The names of the quality flags of the new value.")
    known_at: Instant = strawberry.field(description="When the old value was learned.")
    superseded_at: Instant = strawberry.field(description="When the change was learned.")

    @classmethod
    def from_row(cls, row: RevisionRow) -> "RevisionType":
        """A change as stored."""
        return cls(
            as_of=Instant(row.as_of),
            old_value=row.old_value,
            old_flags=flag_names(row.old_flags),
            new_value=row.new_value,
            new_flags=flag_names(row.new_flags or 0),
            known_at=Instant(row.known_at),
            superseded_at=Instant(row.superseded_at),
        )


@attributes_depend_on(DATA)
@strawberry.type(name="RevisionEdge", description="A change and its place in the list.")
class RevisionEdge:
    """Relay edge."""

    cursor: str = strawberry.field(description="The place after this change.")
    node: RevisionType = strawberry.field(metadata=depends_on(DATA), description="The change.")


@attributes_depend_on(DATA)
@strawberry.type(name="RevisionConnection", description="A page of changes, the newest first.")
class RevisionConnection:
    """Relay connection."""

    edges: list[RevisionEdge] = strawberry.field(metadata=depends_on(DATA), description="The changes of this page.")
    page_info: PageInfo = strawberry.field(metadata=depends_on(DATA), description="Where this page stands.")
    total_count: int = strawberry.field(description="How many changes there are in all.")

    @classmethod
    def from_page(cls, page: Page[RevisionRow]) -> "RevisionConnection":
        """A page as stored."""
        edges = [
            RevisionEdge(
                cursor=page_cursor(REVISIONS, f"{row.superseded_at}:{row.series_id}:{row.as_of}"),
                node=RevisionType.from_row(row),
            )
            for row in page.items
        ]
        cursors = [edge.cursor for edge in edges]
        info = PageInfo.over(cursors, has_next=page.has_next, has_previous=page.has_previous)
        return cls(edges=edges, page_info=info, total_count=page.total)
