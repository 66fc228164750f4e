"""That a source publishes a dataset or a series no more, as an operator recorded."""

import strawberry

from mktdash.graphql.vocabulary.depends_on import attributes_depend_on
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.endings import Ending
from mktdash.store.live.topic_versions import QUALITY


@attributes_depend_on(QUALITY)
@strawberry.type(
    name="Ending",
    description="The end of a dataset or a series that its source publishes no more, as an operator recorded it.",
)
class EndingType:
    """One end."""

    symbol: str | None = strawberry.field(description="The series' symbol; null for the dataset as a whole.")
    on: str = strawberry.field(description="The last session that has a value, YYYY-MM-DD.")
    reason: str = strawberry.field(description="Why it ended.")
    recorded_by: str = strawberry.field(description="Who recorded it.")
    recorded_at: Instant = strawberry.field(description="When it was recorded.")

    @classmethod
    def from_row(cls, row: Ending) -> "EndingType":
        """An end as stored."""
        return from_row(cls, row, on=row.ended_on.isoformat())
