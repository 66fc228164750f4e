"""The link that a start prints: of each home there is one, and with it ends all that was had by the one before."""

import pytest
import sqlalchemy as sa
from tests.factories.web.application import resources_over, web_over

from mktdash.security import tokens
from mktdash.security.tokens import create_token
from mktdash.settings import Settings
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.tables.access import ApiToken, BrowserSession
from mktdash.supervisor.prepare import Prepared

VIEWER = {"query": "{ viewer { role } }"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request, make_database):
    return await make_database(request.param, "empty")


@pytest.fixture
def ground(url, tmp_path):
    return Prepared(Settings(home=tmp_path, database_url=url))


@pytest.fixture
async def engine(url):
    opened = open_engine(url)
    yield opened
    await opened.dispose()


async def role_of(client, **headers):
    response = await client.post("/graphql", json=VIEWER, headers=headers)
    return response.json()["data"]["viewer"]["role"] if response.status_code == 200 else response.status_code


async def test_a_start_ends_the_link_of_the_one_before_and_its_sessions(engine, ground):
    first = (await ground.prepare_store()).token
    async with web_over(resources_over(engine)) as web:
        own = await web.token("viewer")
        await web.client.get("/", params={"token": first})
        before = await role_of(web.client)
        second = (await ground.prepare_store()).token

        assert before == "OPERATOR"
        assert await role_of(web.client) == "ANONYMOUS"
        assert await role_of(web.client, authorization=f"Bearer {first}") == 401
        assert await role_of(web.client, authorization=f"Bearer {second}") == "OPERATOR"
        assert await role_of(web.client, authorization=f"Bearer {own}") == "VIEWER"
    async with read_transaction(engine) as conn:
        kinds = (await conn.execute(sa.select(ApiToken.kind).order_by(ApiToken.kind))).scalars().all()
        assert kinds == ["api", "link"]
        assert (await conn.execute(sa.select(sa.func.count()).select_from(BrowserSession))).scalar_one() == 0


async def test_a_start_that_ends_half_way_leaves_the_link_that_was(engine, ground, monkeypatch):
    first = (await ground.prepare_store()).token

    async def killed(*_args, **_kwargs):
        raise KeyError("the end")

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "append_audit", killed)
        with pytest.raises(KeyError):
            await ground.prepare_store()

    async with web_over(resources_over(engine)) as web:
        assert await role_of(web.client, authorization=f"Bearer {first}") == "OPERATOR"


async def test_a_token_of_somebody_with_the_same_name_is_left_alone(engine, ground):
    async with web_over(resources_over(engine)) as web:
        named = await create_token(engine, name="make run", role="viewer", clock=web.resources.clock)
        await ground.prepare_store()

        assert await role_of(web.client, authorization=f"Bearer {named}") == "VIEWER"
