"""GraphiQL at /graphql: for browsers only, and only where the schema can be asked for itself."""

import pytest
from tests.factories.web.application import resources_over, web_over

# What Chromium, Firefox and Safari say when somebody types an address.
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
API = "application/json; charset=utf-8"


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>mktdash</title>")
    (tmp_path / "graphiql.html").write_text("<!doctype html><title>GraphiQL</title>")
    return tmp_path


@pytest.fixture
async def web(sqlite_engine, bundle):
    async with web_over(resources_over(sqlite_engine, static_dir=bundle)) as opened:
        yield opened


async def test_a_browser_is_given_a_page_to_write_queries_on(web):
    response = await web.client.get("/graphql", headers=BROWSER)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "GraphiQL" in response.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json", "text/html;q=0.1"])
async def test_a_client_is_given_an_answer(web, accept):
    headers = {"accept": accept, "graphql-preflight": "1"}

    response = await web.client.get("/graphql", headers=headers)

    assert response.status_code in {400, 406}
    assert "json" in response.headers["content-type"]


@pytest.mark.parametrize("asked", [{"query": "{__typename}"}, {"documentId": "sha256:0"}, {"extensions": "{}"}])
async def test_a_query_in_the_address_is_a_query_whoever_sends_it(web, asked):
    response = await web.client.get("/graphql", params=asked, headers=BROWSER | {"graphql-preflight": "1"})

    assert "json" in response.headers["content-type"]


async def test_a_post_of_a_browser_is_a_query(web):
    response = await web.client.post("/graphql", json={"query": "{__typename}"}, headers=BROWSER)

    assert response.headers["content-type"] == API
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("settings", [{"introspection": "off"}, {"trusted_documents_only": True}])
async def test_it_is_not_there_where_no_query_of_ones_own_could_run(sqlite_engine, bundle, settings):
    resources = resources_over(sqlite_engine, static_dir=bundle, **settings)
    async with web_over(resources) as web:
        for path in ("/graphql", "/graphiql.html"):
            assert "GraphiQL" not in (await web.client.get(path, headers=BROWSER)).text


async def test_before_the_page_is_built_it_says_so(sqlite_engine, tmp_path):
    async with web_over(resources_over(sqlite_engine, static_dir=tmp_path / "none")) as web:
        response = await web.client.get("/graphql", headers=BROWSER)

    assert response.status_code == 503
    assert "not built" in response.text
