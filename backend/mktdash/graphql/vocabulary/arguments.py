"""Arguments that several fields take, described once."""

from typing import Annotated

import strawberry

from mktdash.graphql.vocabulary.scalars import Instant

Text = strawberry.argument

Symbol = Annotated[str, Text(description="mktdash's symbol, or what some source calls it.")]
Source = Annotated[
    str | None,
    Text(description="The source, such as ecb. Where several fit, the first by source, measure, interval and dataset."),
]
Measure = Annotated[str | None, Text(description="price, rate, yield or index.")]
Interval = Annotated[str | None, Text(description="The spacing of points, such as 1d.")]
Dataset = Annotated[
    str | None, Text(description="The key of the dataset: two files of one symbol are told apart by it.")
]
First = Annotated[int, Text(description="How many at most, 1 to 200.")]
Last = Annotated[int, Text(description="How many at most, 1 to 500.")]
After = Annotated[str | None, Text(description="The cursor of the last item of the page before.")]
AsKnownAt = Annotated[
    Instant | None, Text(description="Answer as this system would have at that instant: later revisions are not seen.")
]
Since = Annotated[
    str | None,
    Text(description="The cursor of the last event seen: what came after it is sent first. From now on if left out."),
]
