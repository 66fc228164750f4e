"""Arguments that several fields take, described once."""

from typing import Annotated

import strawberry

from mktdash.graphql.vocabulary.scalars import Instant

Text = strawberry.argument

Symbol = Annotated[str, Text(description="The instrument's symbol, in mktdash or at a source.")]
Source = Annotated[
    str | None,
    Text(
        description="The source, such as ecb. If several series fit: the first by source, measure, interval, dataset."
    ),
]
Measure = Annotated[str | None, Text(description="price, rate, yield or index.")]
Interval = Annotated[str | None, Text(description="The spacing of points, such as 1d.")]
Dataset = Annotated[str | None, Text(description="The dataset's key. It distinguishes two files with the same symbol.")]
First = Annotated[int, Text(description="How many at most, 1 to 200.")]
Last = Annotated[int, Text(description="How many at most, 1 to 500.")]
After = Annotated[str | None, Text(description="The cursor of the last item of the page before.")]
AsKnownAt = Annotated[
    Instant | None, Text(description="Answer as of this instant of knowledge: later revisions are not used.")
]
Since = Annotated[
    str | None,
    Text(
        description="The cursor of the last event received: what came after it is sent first. From now on if left out."
    ),
]
