"""What changed: a value that was superseded, and what came after it."""

import strawberry

from mktdash.domain.flags import flag_names
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.live.topic_versions import DATA
from mktdash.store.series.revisions import RevisionRow

REVISION_LIST = Cursor("Revision", superseded_at=int, series_id=int, as_of=int)


@attributes_depend_on(DATA)
@strawberry.type(name="Revision", description="A revision or retraction of one value.")
class RevisionType:
    """An old value and its successor."""

    as_of: Instant = strawberry.field(description="The instant of the value.")
    old_value: float = strawberry.field(description="The value before.")
    old_flags: list[str] = strawberry.field(description="The quality flags of the value before.")
    new_value: float | None = strawberry.field(description="The value after; null if it was retracted.")
    new_flags: list[str] = strawberry.field(description="The quality flags of the value after.")
    known_at: Instant = strawberry.field(description="When the old value was learned.")
    superseded_at: Instant = strawberry.field(description="When the change was learned.")

    @classmethod
    def from_row(cls, row: RevisionRow) -> "RevisionType":
        """A change as stored."""
        old, new = flag_names(row.old_flags), flag_names(row.new_flags or 0)
        return from_row(cls, row, old_flags=old, new_flags=new)
