"""Tokens made, seen and ended: by the command and over GraphQL, by administrators and by nobody else."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.factories.web.application import PATIENT, resources_over, web_over
from typer.testing import CliRunner

from mktdash.cli.main import app
from mktdash.domain.clock import to_micros
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.tables.access import ApiToken, AuditEvent

CREATE = """mutation($input: CreateTokenInput!) { createToken(input: $input) { __typename
  ... on CreatedToken { secret token { id name role kind expiresAt revokedAt madeBy sessions } }
  ... on TokenRefused { message } } }"""
REVOKE = """mutation($id: ID!) { revokeToken(id: $id) { __typename
  ... on RevokedToken { token { id revokedAt } madeWithIt { id } } ... on UnknownToken { message id } } }"""
TOKENS = """query($first: Int!, $after: String) { tokens(first: $first, after: $after) { totalCount
  pageInfo { hasNextPage endCursor } edges { node { id name role createdAt lastUsedAt revokedAt sessions } } } }"""
SESSIONS = "{ sessions { totalCount edges { node { id tokenId name role openedAt expiresAt lastUsedAt } } } }"
VIEWER = "{ viewer { role name endsAt bySession } }"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def mktdash(request, make_database, tmp_path, monkeypatch):
    """The command over a database; gives what it said and came to."""
    url = await make_database(request.param, "empty")
    monkeypatch.setenv("MKTDASH_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("REDIS_URL", raising=False)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["token", *words])

    run.url = url
    return run


@pytest.fixture
async def web(engine):
    async with web_over(resources_over(engine)) as opened:
        yield opened


async def as_admin(web, query, variables=None, **options):
    token = await web.token("admin", **options)
    return await web.ask(query, variables, authorization=f"Bearer {token}")


async def test_a_token_is_made_listed_and_revoked_by_command(mktdash):
    made = json.loads((await mktdash("create", "--name", "desk", "--role", "viewer", "--json")).stdout)
    ends = json.loads(
        (await mktdash("create", "--name", "visit", "--role", "Admin", "--expires-in", "5s", "--json")).stdout
    )
    listed = json.loads((await mktdash("list", "--json")).stdout)
    gone = await mktdash("revoke", "desk", "--json")
    again = await mktdash("revoke", made["id"])
    after = {one["name"]: one for one in json.loads((await mktdash("list", "--json")).stdout)}

    assert made["token"].startswith(f"mkt_{made['id']}_")
    assert (made["role"], made["expires_at"]) == ("viewer", None)
    assert (ends["role"], ends["expires_at"] is None) == ("admin", False)
    assert [one["name"] for one in listed] == ["visit", "desk"]
    assert "token" not in listed[0]
    assert made["token"] not in json.dumps(listed)
    assert json.loads(gone.stdout)["revoked_at"] == after["desk"]["revoked_at"] is not None
    assert (gone.exit_code, again.exit_code) == (0, 0)
    assert "already" in again.stdout
    assert after["visit"]["revoked_at"] is None


async def test_the_token_itself_is_all_of_standard_output_for_people(mktdash):
    done = await mktdash("create", "--name", "desk", "--role", "viewer")

    assert done.stdout.startswith("mkt_")
    assert done.stdout.count("\n") == 1
    assert "shown only now" in done.stderr


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--name", "desk", "--role", "king"), InvalidInputError, "roles are viewer, analyst, operator, admin"),
        (("--name", "desk", "--role", "anonymous"), InvalidInputError, "roles are viewer"),
        (("--name", "taken", "--role", "viewer"), InvalidInputError, "already: take another name, or revoke"),
        (("--name", "", "--role", "viewer"), InvalidInputError, "1..60"),
        (("--name", "a\nb", "--role", "viewer"), InvalidInputError, "printable"),
        (("--name", "desk", "--role", "viewer", "--expires-in", "soon"), InvalidInputError, "such as 90d"),
        (("--name", "desk", "--role", "viewer", "--expires-in", "99y"), InvalidInputError, "3653 days"),
    ],
)
async def test_what_cannot_be_made_is_said_and_is_no_success(mktdash, words, error, said):
    await mktdash("create", "--name", "taken", "--role", "viewer")

    done = await mktdash("create", *words)

    assert done.exit_code == 1
    assert isinstance(done.exception, error)
    assert said in done.exception.message


async def test_what_is_not_there_cannot_be_revoked_or_ended(mktdash):
    for words, hint in ((("revoke", "nope"), "token list"), (("end-session", "nope"), "token sessions")):
        done = await mktdash(*words)

        assert done.exit_code == 1
        assert isinstance(done.exception, NotFoundError)
        assert hint in done.exception.message


async def test_the_name_of_a_token_that_is_over_is_free_and_means_the_live_one(mktdash):
    first = json.loads((await mktdash("create", "--name", "desk", "--role", "viewer", "--json")).stdout)
    await mktdash("revoke", "desk")
    second = json.loads((await mktdash("create", "--name", "desk", "--role", "viewer", "--json")).stdout)
    revoked = json.loads((await mktdash("revoke", "desk", "--json")).stdout)

    assert revoked["id"] == second["id"] != first["id"]


async def test_a_name_that_several_live_tokens_have_is_not_enough(mktdash):
    made = json.loads((await mktdash("create", "--name", "one", "--role", "viewer", "--json")).stdout)
    await mktdash("create", "--name", "two", "--role", "viewer")
    engine = open_engine(mktdash.url)
    async with write_transaction(engine) as conn:
        await conn.execute(sa.update(ApiToken).values(name="both"))
    await engine.dispose()

    done = await mktdash("revoke", "both")

    assert done.exit_code == 1
    assert made["id"] in done.exception.message


async def test_one_of_two_who_take_a_name_at_once_gets_it(web):
    secret = await web.token("admin")
    asked = {"input": {"name": "desk", "role": "viewer"}}
    bodies = await asyncio.gather(*(web.ask(CREATE, asked, authorization=f"Bearer {secret}") for _ in range(5)))

    made = sorted(body["data"]["createToken"]["__typename"] for body in bodies)
    assert made == ["CreatedToken"] + ["TokenRefused"] * 4


async def test_an_administrator_makes_sees_and_ends_tokens(web):
    body = await as_admin(web, CREATE, {"input": {"name": "desk", "role": "operator", "expiresIn": "1h"}})
    created = body["data"]["createToken"]
    bearer = {"authorization": f"Bearer {created['secret']}"}
    before = (await web.ask(VIEWER, **bearer))["data"]["viewer"]
    revoked = (await as_admin(web, REVOKE, {"id": "desk"}))["data"]["revokeToken"]
    after = await web.post(VIEWER, **bearer)
    unknown = (await as_admin(web, REVOKE, {"id": "desk"}))["data"]["revokeToken"]

    assert created["token"]["role"] == "OPERATOR"
    assert before == {
        "role": "OPERATOR",
        "name": "desk",
        "endsAt": created["token"]["expiresAt"],
        "bySession": False,
    }
    assert revoked["token"]["id"] == created["token"]["id"]
    assert revoked["token"]["revokedAt"] is not None
    assert after.status_code == 401
    assert unknown["__typename"] == "UnknownToken"


async def test_everything_done_with_tokens_is_in_the_audit_log_without_a_secret(web):
    created = (await as_admin(web, CREATE, {"input": {"name": "desk", "role": "viewer"}}))["data"]["createToken"]
    await web.client.get("/quality", params={"token": created["secret"]})
    await web.client.post("/api/logout")
    await as_admin(web, REVOKE, {"id": created["token"]["id"]})

    async with read_transaction(web.resources.engine) as conn:
        rows = (await conn.execute(sa.select(AuditEvent).order_by(AuditEvent.id))).all()
    assert [(row.principal, row.action) for row in rows] == [
        ("test admin", "createToken"),
        ("desk", "openSession"),
        ("desk", "endSession"),
        ("test admin", "revokeToken"),
    ]
    assert created["secret"].split("_")[2] not in str(rows)
    assert all("requestId" in row.detail for row in rows)


async def test_a_token_made_with_one_that_ends_lasts_no_longer(engine, web):
    short = {"ttl": timedelta(hours=1)}
    asked = (await as_admin(web, CREATE, {"input": {"name": "a", "role": "admin", "expiresIn": "2h"}}, **short))["data"]
    left = (await as_admin(web, CREATE, {"input": {"name": "b", "role": "admin"}}, **short))["data"]
    shorter = await as_admin(web, CREATE, {"input": {"name": "c", "role": "admin", "expiresIn": "1m"}}, **short)

    assert asked["createToken"]["message"] == "a token cannot outlive the token that creates it"
    async with read_transaction(engine) as conn:
        rows = (await conn.execute(sa.select(ApiToken.id, ApiToken.name, ApiToken.expires_at, ApiToken.made_by))).all()
    by_id = {row.id: row for row in rows}
    [made] = [row for row in rows if row.name == "b"]
    assert made.expires_at == by_id[made.made_by].expires_at
    assert left["createToken"]["token"]["madeBy"] == made.made_by
    assert shorter["data"]["createToken"]["__typename"] == "CreatedToken"


async def test_who_revokes_a_token_learns_what_was_made_with_it(web):
    maker = await web.token("admin")
    body = await web.ask(CREATE, {"input": {"name": "a", "role": "viewer"}}, authorization=f"Bearer {maker}")
    revoked = (await as_admin(web, REVOKE, {"id": maker.split("_")[1]}))["data"]["revokeToken"]

    assert [one["id"] for one in revoked["madeWithIt"]] == [body["data"]["createToken"]["token"]["id"]]


async def test_the_lists_come_a_page_at_a_time_and_hold_no_secret(web):
    for n in range(5):
        await as_admin(web, CREATE, {"input": {"name": f"desk {n}", "role": "viewer"}})
    secret = await web.token("admin")
    names, after, text = [], None, ""
    while True:
        answer = await web.post(TOKENS, {"first": 3, "after": after}, authorization=f"Bearer {secret}")
        text += answer.text
        page = answer.json()["data"]["tokens"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert sorted(name for name in names if name.startswith("desk")) == [f"desk {n}" for n in range(5)]
    assert len(names) == page["totalCount"]
    async with read_transaction(web.resources.engine) as conn:
        hashes = (await conn.execute(sa.select(ApiToken.sha256))).scalars().all()
    assert not [one for one in hashes if one in text]


@pytest.mark.parametrize(
    "cursor", ["YWZ0ZXItQWNjZXNzVG9rZW46eA", "YWZ0ZXItQWNjZXNzVG9rZW46OTk5OTk5OTk5OTk5OTk5OTk5OS1h", "x"]
)
async def test_a_cursor_that_is_none_is_an_error(web, cursor):
    body = await as_admin(web, TOKENS, {"first": 3, "after": cursor})

    assert body["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_sessions_are_listed_and_ended_one_by_one(web):
    link = await web.token("operator")
    for _ in range(2):
        web.client.cookies.clear()
        await web.client.get("/", params={"token": link})
    mine = (await web.ask(VIEWER))["data"]["viewer"]
    [newest, oldest] = [edge["node"] for edge in (await as_admin(web, SESSIONS))["data"]["sessions"]["edges"]]
    ended = await as_admin(web, f'mutation {{ endSession(id: "{newest["id"]}") {{ ... on BrowserSession {{ id }} }} }}')
    left = (await as_admin(web, SESSIONS))["data"]["sessions"]
    again = await as_admin(web, f'mutation {{ endSession(id: "{newest["id"]}") {{ __typename }} }}')

    assert mine == {"role": "OPERATOR", "name": "test operator", "endsAt": newest["expiresAt"], "bySession": True}
    assert {newest["tokenId"], oldest["tokenId"]} == {link.split("_")[1]}
    assert ended["data"]["endSession"]["id"] == newest["id"]
    assert [edge["node"]["id"] for edge in left["edges"]] == [oldest["id"]]
    assert again["data"]["endSession"]["__typename"] == "UnknownSession"
    assert (await web.ask(VIEWER))["data"]["viewer"]["role"] == "ANONYMOUS"


async def test_sessions_are_listed_and_ended_by_command(mktdash):
    token = json.loads((await mktdash("create", "--name", "desk", "--role", "viewer", "--json")).stdout)
    engine = open_engine(mktdash.url)
    async with web_over(resources_over(engine)) as web:
        await web.client.get("/", params={"token": token["token"]})
        [session] = json.loads((await mktdash("sessions", "--json")).stdout)
        [listed] = json.loads((await mktdash("list", "--sessions", "--json")).stdout)
        shown = await mktdash("list", "--sessions")
        ended = await mktdash("end-session", session["id"])
        role = (await web.ask(VIEWER))["data"]["viewer"]["role"]
    await engine.dispose()

    assert (session["token_id"], session["name"], session["role"]) == (token["id"], "desk", "viewer")
    assert listed["open_sessions"] == [session]
    assert listed["sessions"] == 1
    assert f"session {session['id']}" in shown.stdout
    assert ended.exit_code == 0
    assert role == "ANONYMOUS"


async def test_when_a_token_was_last_used_is_noted(engine):
    async with web_over(resources_over(engine, times=replace(PATIENT, use_gathered=0.0))) as web:
        token, now = await web.token("viewer"), to_micros(web.resources.clock())
        await web.ask(VIEWER, authorization=f"Bearer {token}")
        used = None
        async with asyncio.timeout(60):
            while used is None:
                await asyncio.sleep(0.01)
                async with read_transaction(engine) as conn:
                    used = (await conn.execute(sa.select(ApiToken.last_used_at))).scalar_one()

    assert used >= now
