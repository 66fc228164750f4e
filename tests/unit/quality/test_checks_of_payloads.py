"""Checks that look at payloads: their length, their layout."""

from typing import Any

import pytest
from tests.factories.quality import batch_row, columns, context, fixings

from mktdash.quality.base import CheckResult, Status
from mktdash.quality.checks.arrival.layout import Layout, change_between
from mktdash.quality.checks.arrival.rows import Rows
from mktdash.quality.payload_layout import kind_of, layout_of
from mktdash.store.batches.batches import BatchRow

NOW = "2026-11-20T18:00"


def batch(batch_id: int, day: int, **changes: Any) -> BatchRow:
    return batch_row(f"2026-11-{day:02}T16:00", "2026-01-02T13:15", f"2026-11-{day:02}T13:15", batch_id, **changes)


def judged(check: Any, *batches: BatchRow, layouts: dict[int, tuple[str, ...]] | None = None) -> CheckResult:
    data = {1: columns(fixings("2026-01-02", "2026-11-20"))}
    result = check.judge(context(NOW, data, batches=batches, layouts=layouts or {}))
    assert isinstance(result, CheckResult)
    return result


def test_a_payload_as_long_as_usual_passes() -> None:
    result = judged(Rows(), batch(3, 20, same=99, new=1), batch(2, 19, same=99, new=1), batch(1, 18, new=99))

    assert (result.status, result.value) == (Status.PASS, 0.0)


def test_a_payload_cut_in_half_fails() -> None:
    result = judged(Rows(), batch(3, 20, same=40, new=1), batch(2, 19, same=99), batch(1, 18, new=99))

    assert result.status is Status.FAIL
    assert "fewer rows" in result.summary


def test_payloads_are_compared_with_those_of_their_own_kind() -> None:
    daily = "https://example.org/daily.xml"

    result = judged(Rows(), batch(3, 20, new=30, url=daily), batch(2, 19, same=9000, url="https://example.org/all.csv"))

    assert (result.status, result.evidence["compared_with"]) == (Status.PASS, 0)


def test_a_payload_largely_refused_or_withdrawing_much_is_told() -> None:
    assert judged(Rows(), batch(1, 20, new=5, rejected=95)).status is Status.FAIL
    assert judged(Rows(), batch(1, 20, same=80, retracted=20)).status is Status.WARN


def test_a_column_added_warns_and_one_dropped_or_renamed_fails() -> None:
    old, longer = ("Date", "USD", "JPY"), ("Date", "USD", "JPY", "1.5 Mo")
    renamed = ("observation_date", "USD", "JPY")
    newer, older = batch(2, 20, raw_sha256="b"), batch(1, 19, raw_sha256="a")

    assert judged(Layout(), newer, older, layouts={2: old, 1: old}).status is Status.PASS
    assert judged(Layout(), newer, older, layouts={2: longer, 1: old}).status is Status.WARN
    assert judged(Layout(), newer, older, layouts={2: old, 1: longer}).status is Status.FAIL
    result = judged(Layout(), newer, older, layouts={2: renamed, 1: old})
    assert result.status is Status.FAIL
    assert "Date renamed to observation_date" in result.summary


def test_a_change_of_layout_stays_news_for_a_week_however_many_payloads_follow() -> None:
    layouts = {4: ("a", "c"), 3: ("a", "c"), 2: ("a", "c"), 1: ("a", "b")}

    news = [batch(4, 20), batch(3, 19), batch(2, 18), batch(1, 17)]
    old = [batch(4, 20), batch(3, 13), batch(2, 12), batch(1, 11)]

    assert judged(Layout(), *news, layouts=layouts).status is Status.FAIL
    assert judged(Layout(), *old, layouts=layouts).status is Status.PASS
    assert judged(Layout(), *old, layouts=layouts).evidence["changes"][0]["renamed"] == [["b", "c"]]


def test_an_order_of_columns_is_no_change() -> None:
    assert change_between(("a", "b"), ("b", "a")).count == 0


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (b'Date,"1 Mo","2 Mo"\n01/02/2026,5,5\n', ("Date", "1 Mo", "2 Mo")),
        (b"\xef\xbb\xbfDATE;VALUE\r\n", ("DATE", "VALUE")),
        (b'{"error":[],"result":{"XBTUSDT":[[1,"2"]],"last":3}}', ("XBTUSDT", "error", "last", "result")),
        (
            b'<a xmlns="u"><C time="1"><C currency="USD" rate="1"/></C></a>',
            ("C", "C@currency", "C@rate", "C@time", "a"),
        ),
        (b"", ()),
        (b"PK\x03\x04 cut", ()),
        (b"\x1f\x8b cut", ()),
        (bytes(range(256)), None),
    ],
)
def test_the_layout_is_read_off_the_first_bytes(head: bytes, shape: tuple[str, ...] | None) -> None:
    found = layout_of(head)

    assert isinstance(found, tuple)
    assert shape is None or found == shape


def test_addresses_that_differ_by_a_date_are_of_one_kind_and_those_of_two_series_are_not() -> None:
    first = kind_of("https://example.org/2025/rates.csv?id=DGS10&from=2025-01-01")

    assert first == kind_of("https://example.org/2026/rates.csv?id=DGS10&from=2026-02-01")
    assert first != kind_of("https://example.org/2026/rates.csv?id=DGS2&from=2026-02-01")
