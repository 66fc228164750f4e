"""Trusted documents: asked for by id over every transport, and where nothing else is run, nothing else is."""

from urllib.parse import urlencode

import orjson
import pytest
from tests.factories.web.application import resources_over, served, socket_to, web_over

from mktdash.graphql.documents.trusted import document_id, read_trusted
from mktdash.settings import REPOSITORY

MANIFEST = REPOSITORY / "schema" / "graphql" / "documents.json"
TEXTS = orjson.loads(MANIFEST.read_bytes())
PREFLIGHT = {"graphql-preflight": "1"}


def named(start):
    """The id of the page's operation that begins so."""
    return next(name for name, text in TEXTS.items() if text.startswith(start))


TEMPLATES, SESSION = named("query ReportTemplates"), named("query Session")


@pytest.fixture(params=[False, True], ids=["any document", "trusted only"])
async def web(sqlite_engine, request):
    async with web_over(resources_over(sqlite_engine, trusted_documents_only=request.param)) as opened:
        yield opened


@pytest.fixture
async def strict(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, trusted_documents_only=True)) as opened:
        yield opened


def get(web, headers=None, **asked):
    return web.client.get("/graphql?" + urlencode(asked), headers={**PREFLIGHT, **(headers or {})})


def code_of(response):
    return response.json()["errors"][0]["extensions"]["code"]


async def test_a_document_named_by_its_id_is_run(web):
    posted = await web.client.post("/graphql", json={"documentId": SESSION})
    got = await get(web, documentId=SESSION)

    for response in (posted, got):
        assert response.status_code == 200
        assert response.json()["data"]["viewer"]["role"] == "ANONYMOUS"


@pytest.mark.parametrize("name", sorted(TEXTS))
async def test_the_pages_own_text_is_run_as_well(web, name):
    if TEXTS[name].startswith("subscription"):
        return
    response = await web.client.post("/graphql", json={"query": TEXTS[name]})

    if response.status_code != 200 or "errors" in response.json():
        # The text was let in: what it lacks is its variables or a right.
        assert code_of(response) in {"BAD_INPUT", "UNAUTHENTICATED", "FORBIDDEN"}


async def test_a_document_by_id_has_a_tag_and_is_not_sent_twice(web):
    first = await get(web, documentId=TEMPLATES)
    again = await get(web, {"if-none-match": first.headers["etag"]}, documentId=TEMPLATES)

    assert first.json()["data"]["reportTemplates"]
    assert (again.status_code, again.content) == (304, b"")


async def test_an_id_that_no_document_has_is_not_found(web):
    response = await web.client.post("/graphql", json={"documentId": "sha256:" + "0" * 64})

    assert response.status_code == 404
    assert code_of(response) == "UNKNOWN_DOCUMENT"


@pytest.mark.parametrize("body", [{"documentId": 1}, {"documentId": SESSION, "query": "{ __typename }"}, {}])
async def test_a_request_names_or_gives_one_document(web, body):
    response = await web.client.post("/graphql", json=body)

    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize("query", ["{ __typename }", "{ __schema { types { name } } }", TEXTS[SESSION] + " "])
async def test_where_only_trusted_documents_run_another_is_refused(strict, query):
    for response in (await strict.client.post("/graphql", json={"query": query}), await get(strict, query=query)):
        assert response.status_code == 403
        assert code_of(response) == "UNTRUSTED_DOCUMENT"


async def test_the_same_holds_over_a_stream(strict):
    headers = {"accept": "text/event-stream"}
    refused = await strict.client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    answered = await strict.client.post("/graphql", json={"documentId": SESSION}, headers=headers)

    assert code_of(refused) == "UNTRUSTED_DOCUMENT"
    assert '"role":"ANONYMOUS"' in answered.text


async def test_the_same_holds_over_a_socket(sqlite_engine):
    async with (
        served(resources_over(sqlite_engine, trusted_documents_only=True)) as address,
        socket_to(address) as socket,
    ):

        async def said(message):
            await socket.send(orjson.dumps(message).decode())
            return orjson.loads(await socket.recv())

        await said({"type": "connection_init"})
        refused = await said({"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}})
        by_id = await said({"id": "2", "type": "subscribe", "payload": {"documentId": SESSION}})
        complete = orjson.loads(await socket.recv())
        by_text = await said({"id": "3", "type": "subscribe", "payload": {"query": TEXTS[SESSION]}})

    assert refused["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"
    assert by_id["payload"]["data"]["viewer"] == by_text["payload"]["data"]["viewer"]
    assert complete == {"id": "2", "type": "complete"}


def test_a_manifest_whose_text_has_another_hash_is_not_believed(tmp_path):
    manifest = tmp_path / "documents.json"
    manifest.write_bytes(orjson.dumps({SESSION: TEXTS[SESSION] + " "}))

    with pytest.raises(ValueError, match="another hash"):
        read_trusted(manifest, only=False)


def test_without_a_manifest_nothing_is_trusted_and_a_strict_server_does_not_start(tmp_path):
    assert read_trusted(tmp_path / "none.json", only=False).texts == {}
    with pytest.raises(OSError, match=r"none\.json"):
        read_trusted(tmp_path / "none.json", only=True)


def test_an_id_is_the_hash_of_the_text():
    assert document_id("{ a }") == ("sha256:1c7e1e347f726166b5b1c55afd61f278cc9b45e00c108ec33d540a566379811b")
