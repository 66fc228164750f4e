"""Relay's object identification: each id leads back to its thing, on the real ECB history and both engines."""

import pytest
from tests.factories.web.application import resources_over, web_over

from mktdash.graphql.vocabulary.ids import global_id

IDS = """{ instrument(symbol: "EURUSD") { id }
  dataset(key: "ecb-reference-rates") { id } series(symbol: "EURUSD") { id }
  provenance(symbol: "EURUSD", asOf: "1999-01-04T13:15:00Z") { batch { id } } }"""


@pytest.fixture
async def web(ecb_engine):
    async with web_over(resources_over(ecb_engine, cost_rate=1_000_000)) as opened:
        yield opened


@pytest.fixture
async def ids(web):
    data = await web.data(IDS)
    return {
        "Instrument": data["instrument"]["id"],
        "Dataset": data["dataset"]["id"],
        "Series": data["series"]["id"],
        "Batch": data["provenance"]["batch"]["id"],
    }


async def test_an_id_leads_back_to_its_thing(web, ids):
    data = await web.data(
        """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Instrument { symbol } ... on Dataset { key }
             ... on Series { source points { count value } latest { value } } ... on Batch { dataset } } }""",
        {"ids": list(ids.values())},
    )

    assert [(one["__typename"], one["id"]) for one in data["nodes"]] == list(ids.items())
    instrument, dataset, series, batch = data["nodes"]
    assert instrument["symbol"] == "EURUSD"
    assert dataset["key"] == batch["dataset"] == "ecb-reference-rates"
    assert series["points"]["count"] == len(series["points"]["value"]) == 7126
    assert series["latest"]["value"] == series["points"]["value"][-1]


async def test_one_thing_is_asked_for_through_a_fragment(web, ids):
    data = await web.data(
        "query($id: ID!) { node(id: $id) { id ...Named } } fragment Named on Instrument { symbol series { source } }",
        {"id": ids["Instrument"]},
    )

    assert data["node"] == {"id": ids["Instrument"], "symbol": "EURUSD", "series": [{"source": "ecb"}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "\0",
        global_id("Unheard", "of"),
        global_id("Instrument", "EURXXX"),
        global_id("Dataset", "none"),
        global_id("Series", "EURUSD|ecb"),
        global_id("Batch", "999999999999999999999999"),
        global_id("Batch", "²"),
        global_id("Batch", 10**17),
        global_id("ReportRun", "none"),
        global_id("ReplayRun", "none"),
        global_id("Dataset", "\0"),
    ],
)
async def test_an_id_of_nothing_is_null_and_no_error(web, text):
    data = await web.data("query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }", {"id": text})

    assert data == {"node": None, "nodes": [None]}


async def test_too_many_ids_are_refused(web):
    error = await web.error("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 51})

    assert error["extensions"]["code"] == "BAD_INPUT"


async def test_what_stands_in_fragments_on_a_node_costs_what_it_costs(web, ids):
    async def cost(query):
        body = {"query": query, "variables": {"ids": [ids["Series"]] * 20}, "extensions": {"cost": True}}
        return (await web.client.post("/graphql", json=body)).json()["extensions"]["cost"]["requested"]

    bare = await cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }")
    full = await cost("query($ids: [ID!]!) { nodes(ids: $ids) { ... on Series { points { value } } } }")

    assert bare <= 25
    assert full >= 20 * 20
