"""The published schemas are what the code says, stay compatible, and agree with the check by columns."""

import itertools

import jsonschema_rs
import numpy as np
import orjson
import pytest

from mktdash.contracts.compatibility import problems, transitive_problems
from mktdash.contracts.registry import CONTRACTS, contract_for
from mktdash.contracts.v1 import ObservationV1
from mktdash.domain.clock import iso
from mktdash.domain.flags import flag_names
from mktdash.domain.instrument import AssetClass, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.ingest.validate import validate
from mktdash.providers.base import ParsedSeries
from mktdash.settings import REPOSITORY

RECORD = {
    "symbol": "EURUSD",
    "source": "ecb",
    "as_of": "2026-10-30T13:15:00Z",
    "value": 1.1172,
    "unit": "USD",
    "quality_flags": [],
}


def test_v1_is_exactly_the_six_fields():
    assert list(ObservationV1.model_fields) == ["symbol", "source", "as_of", "value", "unit", "quality_flags"]
    assert CONTRACTS[0].json_schema["additionalProperties"] is False
    assert sorted(CONTRACTS[0].json_schema["required"]) == sorted(ObservationV1.model_fields)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_the_committed_schema_is_what_the_code_says(contract):
    assert (REPOSITORY / "schema" / "market" / f"{contract.name}.json").read_text() == contract.text


def test_every_version_reads_all_before_it():
    assert transitive_problems([contract.json_schema for contract in CONTRACTS]) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda schema: schema["required"].append("open"), "open: now required"),
        (lambda schema: schema["properties"].pop("unit"), "unit: dropped"),
        (lambda schema: schema["properties"]["value"].update(type="integer"), "value: no longer takes number"),
        (lambda schema: schema["properties"]["symbol"].update(maxLength=8), "symbol: maxLength tightened to 8"),
        (lambda schema: schema["properties"]["unit"].update(pattern="^[A-Z]+$"), "unit: pattern changed"),
        (lambda schema: schema["properties"]["unit"].update(enum=["USD"]), "unit: limited to a list"),
        (
            lambda schema: schema["properties"]["quality_flags"]["items"].update(pattern="^STALE$"),
            "quality_flags: items: pattern changed",
        ),
    ],
)
def test_a_narrower_version_is_named(change, problem):
    newer = orjson.loads(CONTRACTS[1].text)
    change(newer)
    assert any(found.startswith(problem) for found in problems(CONTRACTS[0].json_schema, newer))


def test_a_v1_record_is_a_v2_observation_with_nothing_made_up():
    assert CONTRACTS[1].model.model_validate(RECORD).model_dump(exclude_unset=True).keys() == RECORD.keys()


def test_bars_are_held_to_v2_and_plain_values_to_v1():
    one = np.ones(1)
    plain = Columns(np.zeros(1, np.int64), one, np.zeros(1, np.int64))
    bar = Columns(np.zeros(1, np.int64), one, np.zeros(1, np.int64), open=one)
    assert (contract_for(plain).name, contract_for(bar).name) == ("observation.v1", "observation.v2")


def test_the_check_by_columns_refuses_what_the_schema_refuses():
    spec = SeriesSpec(
        InstrumentSpec("EURUSD", "Euro", AssetClass.FX), "ecb", "USD", Measure.RATE, "1d", "USD", positive=False
    )
    schema = jsonschema_rs.validator_for(CONTRACTS[0].json_schema)
    now = 1_800_000_000_000_000
    cases = itertools.product([1.5, -2.0, float("nan"), float("inf")], [0, 1, 1 << 13, 1 << 14, 1 << 40])
    for value, mask in cases:
        columns = Columns(np.array([now - 10], np.int64), np.array([value]), np.array([mask], np.int64))
        accepted = len(validate(ParsedSeries("USD", columns), spec, now).columns) == 1
        names = flag_names(mask) if mask < 1 << 14 else ["NOT_A_FLAG"]
        finite = value if np.isfinite(value) else None
        record = {**RECORD, "as_of": iso(now - 10), "value": finite, "quality_flags": names}
        assert schema.is_valid(record) == accepted
