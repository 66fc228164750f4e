"""What ingest announces of a series is what subscriptions read, through JSON and back."""

import numpy as np
import orjson

from mktdash.domain.events import ObservationsChanged
from mktdash.domain.observation import Columns


def test_a_change_survives_the_outbox_and_its_points_come_out_in_the_order_of_time():
    points = Columns(
        as_of=np.array([3, 1, 2]),
        value=np.array([30.0, 10.0, 20.0]),
        flags=np.array([0, 4, 0]),
        open=np.array([np.nan, 9.5, 19.5]),
    )
    event = ObservationsChanged(7, 12, 99, points, (5, 6), truncated=False)

    read = ObservationsChanged.from_payload(7, orjson.loads(orjson.dumps(event.to_payload())))

    assert (read.series_id, read.data_version, read.known_at, read.truncated) == (7, 12, 99, False)
    assert list(read.retracted) == [5, 6]
    assert read.points.as_of.tolist() == [1, 2, 3]
    assert read.points.value.tolist() == [10.0, 20.0, 30.0]
    assert read.points.flags.tolist() == [4, 0, 0]
    assert np.array_equal(read.points.open, [9.5, 19.5, np.nan], equal_nan=True)
    assert read.points.volume is None


def test_a_change_without_points_is_to_be_queried():
    event = ObservationsChanged(7, 12, 99, Columns.empty(), (), truncated=True)

    read = ObservationsChanged.from_payload(7, orjson.loads(orjson.dumps(event.to_payload())))

    assert (len(read.points), read.truncated) == (0, True)
