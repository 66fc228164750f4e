"""That a source publishes a dataset or a series no more, as an operator said."""

import strawberry

from mktdash.graphql.vocabulary.depends_on import attributes_depend_on
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.endings import Ending
from mktdash.store.live.topic_versions import QUALITY


@attributes_depend_on(QUALITY)
@strawberry.type(name="Ending", description="That a dataset or a series has ended, as an operator said.")
class EndingType:
    """One end."""

    symbol: str | None = strawberry.field(description="The series' symbol; null for the dataset as a whole.")
    on: str = strawberry.field(description="The last session that has a value, YYYY-MM-DD.")
    reason: str = strawberry.field(description="Why.")
    said_by: str = strawberry.field(description="Who said so.")
    said_at: Instant = strawberry.field(description="When.")

    @classmethod
    def from_row(cls, row: Ending) -> "EndingType":
        """An end as stored."""
        return cls(
            symbol=row.symbol,
            on=row.ended_on.isoformat(),
            reason=row.reason,
            said_by=row.recorded_by,
            said_at=Instant(row.recorded_at),
        )
