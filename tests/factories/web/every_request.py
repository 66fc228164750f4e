"""A request for each way in: every root field of GraphQL and every route of HTTP, of things that exist.

What a request names in braces or as a variable is made anew before each run of it, so that no run finds it used up.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, NamedTuple

from graphql import FieldNode, OperationDefinitionNode, build_schema, parse
from starlette.routing import Route

from mktdash.domain.clock import system_clock, to_micros
from mktdash.graphql.reports.types import RUNS
from mktdash.graphql.schema import export_schema
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.http.routes import OPERATIONS
from mktdash.security.tokens import create_token, id_of
from mktdash.store.engine.session import write_transaction
from mktdash.store.jobs import replays
from mktdash.store.jobs.reports import NewArtifact
from tests.factories.jobs.report_runs import end_report, request_report
from tests.factories.web.asgi import Exchange

QUERIES = {
    "alerts": "{ alerts { edges { node { id } } } }",
    "node": '{ node(id: "RGF0YXNldDpzY3JpcHRlZC1kYWlseQ") { id } }',
    "nodes": 'query($run_node: ID!) { nodes(ids: ["RGF0YXNldDpzY3JpcHRlZC1kYWlseQ", $run_node]) { id } }',
    "instruments": "{ instruments(first: 5) { edges { node { symbol series { latest { asOf value } } } } } }",
    "instrument": '{ instrument(symbol: "AAA") { symbol series { recent(last: 2) { count } quality } } }',
    "series": '{ series(symbol: "AAA") { points { count asOf value } } }',
    "series-as-known": '{ series(symbol: "AAA", asKnownAt: "2020-06-01T00:00:00Z") { points { count } } }',
    "series-and-more": '{ series(symbol: "AAA") { points { count } } datasets { key } }',
    "datasets": "{ datasets { key version quality { status } } }",
    "dataset": '{ dataset(key: "scripted-daily") { key quality { status } } }',
    "provenance": '{ provenance(symbol: "AAA", asOf: "2020-01-01T00:00:00Z") { batch { id } } }',
    "revisions": '{ revisions(symbol: "AAA") { edges { node { asOf } } } }',
    "sources": "{ sources { name } }",
    "reports": "{ reportRuns { edges { node { id } } } reportTemplates { name } }",
    "report": "query($run: ID!) { reportRun(id: $run) { state artifacts { format } } }",
    "replays": "{ replayRuns { id } }",
    "replay": "query($replay: ID!) { replayRun(id: $replay) { state } }",
    "tokens": "{ tokens { edges { node { name sessions } } } }",
    "sessions": "{ sessions { edges { node { id } } } }",
    "server": "{ serverInfo { cursor } viewer { role } }",
}
# By the type of an answer that says it was done.
MUTATIONS = {
    "mutation($alert: ID!) { acknowledgeAlert(id: $alert) { __typename } }": "Alert",
    'mutation($alert: ID!) { muteAlert(id: $alert, until: "2100-01-01T00:00:00Z") { __typename } }': "Alert",
    'mutation($alert: ID!) { annotateAlert(id: $alert, note: "seen") { __typename } }': "Alert",
    'mutation($dataset: String!) { endDataset(dataset: $dataset, on: "2020-01-02", reason: "over") { __typename } }': (
        "Dataset"
    ),
    "mutation($ended: String!) { reopenDataset(dataset: $ended) { __typename } }": "Dataset",
    'mutation($name: String!) { createToken(input: {name: $name, role: "viewer"}) { __typename } }': "CreatedToken",
    "mutation($token: ID!) { revokeToken(id: $token) { __typename } }": "RevokedToken",
    "mutation($session: ID!) { endSession(id: $session) { __typename } }": "BrowserSession",
    'mutation { requestReport(input: {template: "market-summary", parameters: {symbols: ["AAA"]}}) { __typename } }': (
        "ReportRun"
    ),
    'mutation { startReplay(window: "7d") { __typename } }': "ReplayRun",
}
# With how many events there are to hear.
STREAMS = {
    'subscription($since: String!) { observations(symbols: ["AAA"], since: $since) { cursor } }': 2,
    "subscription($since: String!) { quality(since: $since) { cursor } }": 2,
    "subscription($waiting: ID!) { reportRun(id: $waiting) { cursor run { state } } }": 1,
    "subscription($run: ID!) { reportRun(id: $run) { cursor run { state } } }": 1,
}


class Asked(NamedTuple):
    """A request for a route: its path, the status of the answer, and what of a browser's is sent with it."""

    route: str
    address: str
    status: int
    method: str = "GET"
    headers: Mapping[str, str] = {}
    # A browser shows no token but that of its session.
    by_token: bool = True


_SESSION = {"cookie": "mktdash_session_8000={browser}"}
_PAGE = {"accept": "text/html"}
ROUTES = (
    # Neither worker nor feed is there.
    Asked("/api/health", "/api/health", 503),
    Asked("/api/health/live", "/api/health/live", 200),
    Asked("/api/health/ready", "/api/health/ready", 503),
    Asked("/api/health/data-quality", "/api/health/data-quality", 200),
    Asked("/api/reports/{run_id}/{format}", "/api/reports/{run}/html", 200),
    Asked("/api/reports/{run_id}/{format}", "/api/reports/none/pdf", 404),
    Asked("/api/raw/{sha256}", "/api/raw/{sha256}", 200),
    Asked("/api/openapi.json", "/api/openapi.json", 200),
    Asked("/api/docs", "/api/docs", 200),
    Asked("/api/logout", "/api/logout", 204, "POST", _SESSION, by_token=False),
    Asked("/metrics", "/metrics", 200),
    Asked("/graphql", "/graphql", 200, headers=_PAGE),
    Asked("/{path:path}", "/", 200, headers=_PAGE),
    # A link of a start: to a new browser, to one that has a session of another token, to one that has its own.
    Asked("/{path:path}", "/?token={link}", 303, by_token=False),
    Asked("/graphql", "/graphql?token={link}", 303, headers=_PAGE | _SESSION, by_token=False),
    Asked("/api/docs", "/api/docs?token={own_link}", 303, headers=_SESSION, by_token=False),
)


class Things:
    """Makes what requests name, each by its name, in a store that has an alert."""

    def __init__(self, application: Any, token: str) -> None:
        self._application = application
        self._engine = application.state.mktdash.engine
        self._token = token
        self._numbers = count(1)
        self._own = ""

    async def named_in(self, *texts: str) -> dict[str, str]:
        """What is named in some texts, as ``$name`` or ``{name}``."""
        names = [name for text in texts for name in re.findall(r"\$(\w+):|\{(\w+)\}", text)]
        return {name: await getattr(self, name)() for name in dict.fromkeys(a or b for a, b in names)}

    async def data(self, query: str) -> Any:
        """The data of the answer to a query."""
        return (await Exchange(self._application, self._token).post(query))["data"]

    async def alert(self) -> str:
        """An alert's id."""
        return (await self.data(QUERIES["alerts"]))["alerts"]["edges"][0]["node"]["id"]

    async def dataset(self) -> str:
        """A dataset's key."""
        return "scripted-daily"

    async def ended(self) -> str:
        """The key of one that is said to have ended."""
        (say,) = (document for document in MUTATIONS if "endDataset" in document)
        await Exchange(self._application, self._token).post(say, {"dataset": "scripted-daily"})
        return "scripted-daily"

    async def since(self) -> str:
        """The cursor before all events."""
        now = (await self.data(QUERIES["server"]))["serverInfo"]["cursor"]
        return f"{now.rpartition(':')[0]}:0"

    async def sha256(self) -> str:
        """The hash of a payload's bytes."""
        asked = '{ provenance(symbol: "AAA", asOf: "2020-01-01T00:00:00Z") { batch { raw { sha256 } } } }'
        return (await self.data(asked))["provenance"]["batch"]["raw"]["sha256"]

    async def waiting(self) -> str:
        """A report run that waits for a worker."""
        return (await request_report(self._engine)).id

    async def run(self) -> str:
        """One that is finished, with a file."""
        body = b"<p>hi"
        file = NewArtifact("html", "text/html; charset=utf-8", hashlib.sha256(body).hexdigest(), body)
        run = await request_report(self._engine)
        await end_report(self._engine, run, file)
        return run.id

    async def run_node(self) -> str:
        """Its id among all things."""
        return global_id(RUNS, await self.run())

    async def replay(self) -> str:
        """A replay run."""
        async with write_transaction(self._engine) as conn:
            now = to_micros(system_clock())
            return (await replays.insert_replay(conn, since=0, source=None, requested_by="t", now=now)).id

    async def name(self) -> str:
        """A name that no token has."""
        return f"desk {next(self._numbers)}"

    async def link(self) -> str:
        """A token's text."""
        return await create_token(self._engine, name=await self.name(), role="viewer", clock=system_clock)

    async def token(self) -> str:
        """A live token's id."""
        return str(id_of(await self.link()))

    async def browser(self) -> str:
        """What a browser shows that has a session."""
        self._own = await self.link()
        let_in = Exchange(self._application)
        assert await let_in.request("GET", f"/?token={self._own}") == 303
        return let_in.header("set-cookie").partition("=")[2].partition(";")[0]

    async def own_link(self) -> str:
        """The token that the browser's session is of."""
        return self._own

    async def session(self) -> str:
        """An open session's id."""
        return str(id_of(await self.browser()))


def not_asked(application: Any) -> set[str]:
    """The root fields and the routes of an application for which no request is here, and what is here for none."""
    schema = build_schema(export_schema())
    fields = {
        f"{kind}.{name}"
        for kind in ("Query", "Mutation", "Subscription")
        for name in schema.get_type(kind).fields  # type: ignore[union-attr] # root types have fields
    }
    described = {f"{one.method} {one.path}" for one in OPERATIONS}
    paths = {one.path for one in OPERATIONS}
    other = {f"GET {one.path}" for one in application.routes if isinstance(one, Route) and one.path not in paths}
    asked = root_fields([*QUERIES.values(), *MUTATIONS, *STREAMS]) | {f"{one.method} {one.route}" for one in ROUTES}
    return (fields | described | other) ^ asked


def root_fields(documents: Iterable[str]) -> set[str]:
    """The root fields that documents ask for: ``Query.node``."""
    return {
        f"{operation.operation.value.capitalize()}.{field.name.value}"
        for document in documents
        for operation in parse(document).definitions
        if isinstance(operation, OperationDefinitionNode)
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    }
