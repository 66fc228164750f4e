"""Work is bounded and charged before it is done: reading documents, refused tokens, looks at health, streams."""

from functools import partial

import orjson
import pytest
from gql import gql
from tests.factories.web.application import client_of, gql_client, resources_over, served, socket_to, web_over

from mktdash.domain.clock import system_clock
from mktdash.security.buckets import Buckets
from mktdash.security.tokens import Issuer, end_token
from mktdash.store.access.credentials import CredentialWatch

VIEWER = "{ viewer { role } }"
FOLLOW = "subscription { observations { cursor } }"
RESPONSE_JSON = "application/graphql-response+json"


@pytest.fixture
def standing(monkeypatch):
    """Buckets over which no time passes, so that nothing comes back."""
    monkeypatch.setattr("mktdash.app.Buckets", partial(Buckets, monotonic=lambda: 0.0))


def new_document(number, length=400):
    text = f"{{ a{number}: viewer {{ role }} }} #"
    return text + "x" * (length - len(text))


@pytest.mark.usefixtures("standing")
async def test_a_new_document_is_paid_for_and_a_known_one_is_not(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, cost_rate=1_000)) as web:
        first = [await web.post(new_document(1), accept=RESPONSE_JSON) for _ in range(4)]
        others = [await web.post(new_document(n), accept=RESPONSE_JSON) for n in range(2, 8)]
        known = await web.post(new_document(1), accept=RESPONSE_JSON)

    assert [one.status_code for one in first] == [200] * 4
    assert others[0].status_code == 200
    assert others[-1].status_code == 429
    error = others[-1].json()["errors"][0]
    assert error["extensions"]["code"] == "THROTTLED"
    assert "reading this new document costs 201" in error["message"]
    assert int(others[-1].headers["retry-after"]) >= 1
    assert known.status_code == 200


@pytest.mark.usefixtures("standing")
@pytest.mark.parametrize(
    "text", ["{ nothing { role } } #", "{ viewer { role #", "{ viewer { role } } fragment F on Query { a } #"]
)
async def test_a_document_that_is_refused_is_paid_for_too(sqlite_engine, text):
    async with web_over(resources_over(sqlite_engine, cost_rate=1_000)) as web:
        answers = [await web.post(f"{text}{n}".ljust(600, "x"), accept=RESPONSE_JSON) for n in range(6)]

    assert answers[0].status_code == 400
    assert answers[-1].status_code == 429


@pytest.mark.usefixtures("standing")
async def test_documents_are_paid_for_over_sockets_and_event_streams_too(sqlite_engine):
    async with served(resources_over(sqlite_engine, cost_rate=1_000)) as address:
        async with socket_to(address) as socket:
            await socket.send(orjson.dumps({"type": "connection_init"}).decode())
            await socket.recv()
            codes = []
            for n in range(6):
                message = {"id": str(n), "type": "subscribe", "payload": {"query": new_document(n)}}
                await socket.send(orjson.dumps(message).decode())
                answer = orjson.loads(await socket.recv())
                if answer["type"] == "next":
                    await socket.recv()
                codes.append(answer["payload"][0]["extensions"]["code"] if answer["type"] == "error" else None)
        async with client_of(address) as client:
            streamed = await client.post(
                "/graphql", json={"query": new_document(9)}, headers={"accept": "text/event-stream"}
            )

    assert codes[0] is None
    assert codes[-1] == "THROTTLED"
    assert "THROTTLED" in streamed.text


@pytest.mark.usefixtures("standing")
async def test_an_operation_on_a_socket_counts_as_a_request(sqlite_engine):
    async with served(resources_over(sqlite_engine, request_rate=4)) as address, socket_to(address) as socket:
        await socket.send(orjson.dumps({"type": "connection_init"}).decode())
        await socket.recv()
        kinds = []
        for n in range(6):
            await socket.send(orjson.dumps({"id": str(n), "type": "subscribe", "payload": {"query": VIEWER}}).decode())
            answer = orjson.loads(await socket.recv())
            if answer["type"] == "next":
                await socket.recv()
            kinds.append(answer["type"])

    assert kinds[0] == "next"
    assert kinds[-1] == "error"


@pytest.mark.usefixtures("standing")
async def test_the_token_of_a_socket_pays_and_not_its_address(sqlite_engine):
    resources = resources_over(sqlite_engine, request_rate=6)
    async with web_over(resources) as web:
        token = await web.token("viewer")
    async with served(resources_over(sqlite_engine, request_rate=6)) as address:
        async with gql_client(address, {"init_payload": {"authorization": f"Bearer {token}"}}) as session:
            for _ in range(4):
                await session.execute(gql(VIEWER))
        async with client_of(address) as client:
            answers = [await client.post("/graphql", json={"query": VIEWER}) for _ in range(4)]

    assert [one.status_code for one in answers] == [200] * 4


@pytest.mark.usefixtures("standing")
@pytest.mark.parametrize(
    "secret", [{"authorization": "Bearer mkt_{}_wrong"}, {"cookie": "mktdash_session_8000=mkt_{}_wrong"}]
)
async def test_refused_tokens_count_and_are_not_looked_up_for_ever(engine, monkeypatch, secret):
    looked_up = []
    by_id = CredentialWatch.by_id
    monkeypatch.setattr(CredentialWatch, "by_id", lambda self, one: looked_up.append(one) or by_id(self, one))
    async with web_over(resources_over(engine, request_rate=10)) as web:
        good = await web.token("viewer")
        assert (await web.post(VIEWER, authorization=f"Bearer {good}")).status_code == 200
        answers = [await web.post(VIEWER, **{name: text.format(n) for name, text in secret.items()}) for n in range(30)]
        before = len(looked_up)
        known = await web.post(VIEWER, authorization=f"Bearer {good}")

    codes = [one.status_code for one in answers]
    # A browser whose session has ended may still read what anybody may here; that counts once more.
    assert codes == ([401] * 10 + [429] * 20 if "authorization" in secret else [200] * 5 + [429] * 25)
    assert before < 15, "an address that has used up its minute costs no more looks into the store"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert known.status_code == 200, "a token that was good lately is not refused for what its neighbours do"


@pytest.mark.usefixtures("standing")
async def test_a_token_that_was_good_and_has_ended_is_not_looked_up_for_ever(engine, monkeypatch):
    looked_up = []
    by_id = CredentialWatch.by_id
    monkeypatch.setattr(CredentialWatch, "by_id", lambda self, one: looked_up.append(one) or by_id(self, one))
    async with web_over(resources_over(engine, request_rate=10)) as web:
        token = await web.token("viewer", kind="link")
        assert (await web.post(VIEWER, authorization=f"Bearer {token}")).status_code == 200
        await end_token(engine, "test viewer", by=Issuer("a test"), clock=system_clock)
        codes = [(await web.post(VIEWER, authorization=f"Bearer {token}")).status_code for _ in range(30)]

    assert codes == [401] * 10 + [429] * 20
    assert len(looked_up) < 15


@pytest.mark.usefixtures("standing")
async def test_looks_at_health_are_counted_and_a_monitor_still_reads_that_redis_is_away(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, request_rate=12)) as web:
        looks = [await web.client.get(path) for path in ("/api/health/ready", "/api/health/data-quality") * 3]
        alive = [(await web.client.get("/api/health/live")).status_code for _ in range(20)]
    async with web_over(resources_over(sqlite_engine, limits_without_redis="refuse")) as web:
        ready = await web.client.get("/api/health/ready")

    assert [one.status_code for one in looks[:2]] != [429, 429]
    assert looks[-1].status_code == 429
    assert set(alive) == {200}
    assert ready.status_code == 503
    assert ready.json()["checks"]["redis"]["status"] == "down"


async def test_a_bearer_has_so_many_subscriptions_at_once_and_no_more(sqlite_engine):
    async with served(resources_over(sqlite_engine, stream_limit=3)) as address, client_of(address) as client:
        opened = []
        for _ in range(3):
            request = client.build_request(
                "POST", "/graphql", json={"query": FOLLOW}, headers={"accept": "text/event-stream"}
            )
            opened.append(await client.send(request, stream=True))
        refused = await client.post("/graphql", json={"query": FOLLOW}, headers={"accept": "text/event-stream"})
        for one in opened:
            await one.aclose()

    assert "THROTTLED" in refused.text
    assert "more than 3 subscriptions" in refused.text


async def test_variables_of_too_many_values_are_refused_before_they_are_fitted(sqlite_engine):
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    async with web_over(resources_over(sqlite_engine)) as web:
        many = await web.post(query, {"ids": ["x"] * 6_000}, accept=RESPONSE_JSON)
        nested = await web.post(query, {"ids": [[[["x"]]] for _ in range(2_000)]}, accept=RESPONSE_JSON)

    assert many.status_code == nested.status_code == 400
    assert "more than 5000 values" in many.json()["errors"][0]["message"]
