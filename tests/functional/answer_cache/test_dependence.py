"""Kept answers follow everything that their fields say they depend on, and depend on nothing else; on both engines.

For each root, each type below it and each thing that fields of that type say, there is a document that asks those
fields alone. Whatever changes then, what a cache gives is what another process without one gives: to another reader,
by another version of the code. So a topic that is left out, and a field that looks at the clock, are found out.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

import sqlalchemy as sa
from graphql import get_named_type, is_leaf_type
from tests.factories.jobs.report_runs import end_report, request_report
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import scripted
from tests.factories.web.application import resources_over, web_over
from tests.functional.answer_cache.test_topics import NOT_READ, row_of

from mktdash.domain.clock import to_micros
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.vocabulary.depends_on import declared
from mktdash.store.catalogue.datasets import mark_checked
from mktdash.store.engine.session import write_transaction
from mktdash.store.quality.verdicts import NewDqResult, save_results
from mktdash.store.tables import metadata

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "scripted-daily"
SCHEMA = MktdashSchema().core
ROOTS = {
    "instruments": ["(first: 50)"],
    "instrument": ['(symbol: "AAA")'],
    "series": [
        '(symbol: "AAA")',
        '(symbol: "AAA", from: "2020-01-02T00:00:00Z", maxPoints: 2)',
        '(symbol: "AAA", asKnownAt: "2026-02-28T12:00:00Z")',
    ],
    "datasets": [""],
    "dataset": [f'(key: "{KEY}")'],
    "provenance": ['(symbol: "AAA", asOf: "2020-01-02T00:00:00Z")'],
    "revisions": ['(symbol: "AAA")'],
    "reportTemplates": [""],
    "reportRuns": ["(first: 20)"],
    "reportRun": ['(id: "RUN")'],
}
# What an answer does not tell at all, so that a change of it can't be seen.
UNSEEN = {
    "observation",
    "observation_revision",
    "event",
    "event_epoch",
    "topic_version",
    "api_token",
    "browser_session",
}


def documents():
    """For each root, the fields of each type that say the same."""
    for root, all_arguments in ROOTS.items():
        field = SCHEMA.query_type.fields[root]
        for arguments in all_arguments:
            for path in paths(get_named_type(field.type)):
                yield f"{{ {root}{arguments} {path} }}"


def paths(root):
    """The selections of a type and of those below it, each type where it is met first."""
    seen, level = {root.name}, [(root, ())]
    while level:
        (kind, above), *level = level
        kept = {name: declared(kind, field) for name, field in kind.fields.items()}
        kept = {name: said for name, said in kept.items() if not said.never}
        inner = {name: get_named_type(kind.fields[name].type) for name in kept}

        def said(name, kept=kept):
            return sorted(kept[name].topics), kept[name].notes

        leaves = sorted((name for name in kept if is_leaf_type(inner[name])), key=said)
        for _, names in groupby(leaves, key=said):
            yield wrapped(above, " ".join(names))
        for name in [name for name in kept if name not in leaves]:
            yield wrapped((*above, name), "__typename")
            if inner[name].name not in seen:
                seen.add(inner[name].name)
                level.append((inner[name], (*above, name)))


def wrapped(above, inside):
    for name in reversed(above):
        inside = f"{name} {{ {inside} }}"
    return f"{{ {inside} }}"


def test_every_root_that_is_kept_is_asked_here():
    fields = SCHEMA.query_type.fields
    kept = {name for name, field in fields.items() if not declared(SCHEMA.query_type, field).never}

    assert kept == ROOTS.keys()


async def judge(engine, status, at):
    verdicts = [
        NewDqResult(KEY, metric, status, 0.5, "sessions", 1, 2, f"so {status}", {"n": 1}, to_micros(at), 1)
        for metric in ("freshness", "completeness", "completeness30", "jumps")
    ]
    async with write_transaction(engine) as conn:
        await save_results(conn, verdicts, run_at=to_micros(at), code_sha="t")


async def ask_for_a_report(engine):
    run = await request_report(engine, now=to_micros(NOW))
    await end_report(engine, run)
    return run.id


async def write(engine, *statements):
    async with write_transaction(engine) as conn:
        for table, values in statements:
            await conn.execute(sa.update(metadata.tables[table]).values(values))


class Beside:
    """Answers that may be kept beside answers that are made, of two processes that share no more than the store."""

    def __init__(self, kept, made, token, texts):
        self._kept, self._made = kept, made.from_elsewhere()
        self._headers = {"authorization": f"Bearer {token}"}
        self._texts = texts
        self._before: dict[str, str] = {}

    async def changed(self):
        """The documents that are answered otherwise than the last time."""
        changed = set()
        for text in self._texts:
            made = await self._made.post("/graphql", json={"query": text}, headers=self._headers)
            assert "errors" not in made.json(), (text, made.text)
            assert (await self._kept.post(text)).json() == made.json(), f"not what is in the store: {text}"
            if self._before.get(text) != made.text:
                changed.add(text)
            self._before[text] = made.text
        return changed

    async def all_are_kept(self):
        """Whether another answer to each document is a kept one."""
        answers = {text: await self._kept.post(text) for text in self._texts}
        return {text for text, one in answers.items() if "kept" not in one.headers["server-timing"]} == set()


def of(changed, *words):
    """Those documents in which all these words are."""
    return [text for text in changed if all(word in text for word in words)]


async def test_answers_follow_whatever_changes(engine):
    clock = [NOW]
    await ingest(engine, scripted({"AAA": {n: float(n) for n in range(6)}, "BBB": {0: 3.0}}, NOW - timedelta(days=2)))
    await ingest(engine, scripted({"AAA": {1: 1.5}}, NOW - timedelta(days=1)))
    await judge(engine, "PASS", NOW)
    run_id = await ask_for_a_report(engine)
    kept = resources_over(engine, clock=lambda: clock[0])
    made = replace(resources_over(engine, clock=lambda: clock[0], answer_cache_mb=0), code_sha="x", started_at=NOW)
    async with web_over(kept) as one, web_over(made) as other:
        texts = [text.replace("RUN", run_id) for text in documents()]
        beside = Beside(one, other, await other.token("admin"), texts)
        await beside.changed()
        assert await beside.all_are_kept()

        await observations(engine, beside)
        await descriptions(engine, beside)
        await dealings_with_sources(engine, beside)
        await raw_bytes(engine, beside)
        await verdicts(engine, beside, clock)
        await reports(engine, beside)
        await nothing_else(engine, beside, run_id)
        await the_clock(beside, clock)


async def observations(engine, beside):
    await ingest(engine, scripted({"AAA": {0: 9.0, 1: 2.5, 7: 7.0}}, NOW))

    changed = await beside.changed()

    for words in (
        ("points",),
        ("recent",),
        ("latest { asOf",),
        ("snapshotId",),
        ("observationCount",),
        ("revisions",),
        ("version",),
        ("flagCounts",),
        ("provenance",),
    ):
        assert of(changed, *words), words
    assert not of(changed, "reportRun")


async def descriptions(engine, beside):
    await write(
        engine,
        ("instrument", {"name": "N", "asset_class": "EQUITY", "currency": "XXX", "mic": "XETR", "figi": "F"}),
        ("instrument_alias", {"valid_to": to_micros(NOW)}),
        ("series", {"unit": "pence", "unit_scale": 0.01}),
        ("dataset", {"title": "T", "source": "S", "licence": "L", "simulated": True, "timezone": "America/New_York"}),
    )

    changed = await beside.changed()

    for words in (
        ("instruments",),
        ("instrument(",),
        ("aliases",),
        ("unit",),
        ("datasets", "title"),
        ("dataset(", "title"),
        ("session",),
    ):
        assert of(changed, *words), words


async def dealings_with_sources(engine, beside):
    async with write_transaction(engine) as conn:
        await mark_checked(conn, KEY, to_micros(NOW), "it hung up")
    await write(engine, ("ingest_batch", {"run_id": "other", "rejected": 7, "url": "test:other"}))

    changed = await beside.changed()

    for root in ("series(", "datasets", "dataset("):
        assert of(changed, root, "lastError"), root
    assert of(changed, "provenance", "rejected")
    assert of(changed, "provenance", "sha256")


async def raw_bytes(engine, beside):
    await write(engine, ("raw_file", {"size": 5}))

    assert len(await beside.changed()) == 1


async def verdicts(engine, beside, clock):
    clock[0] = NOW + timedelta(seconds=1)
    await judge(engine, "FAIL", clock[0])

    changed = await beside.changed()

    for root in ("instruments", "instrument(", "series(", "datasets", "dataset("):
        assert of(changed, root, "quality"), root
    assert of(changed, "history")
    assert not of(changed, "reportRun")
    assert not of(changed, "points")


async def reports(engine, beside):
    await ask_for_a_report(engine)
    await write(
        engine,
        ("job_run", {"stage": "other", "progress": 0.5, "error_code": "X"}),
        ("report_run", {"snapshot_id": None}),
        ("report_artifact", {"size": 77}),
    )

    changed = await beside.changed()

    for words in ("reportRuns", "reportRun(", "artifacts", "error", "totalCount"):
        assert of(changed, words), words
    assert not of(changed, "series")


async def nothing_else(engine, beside, run_id):
    """No answer tells of what moves no topic."""
    same = {"dataset": KEY, "batch_id": 1, "series_id": 1, "run_id": run_id, "id": 77}
    async with write_transaction(engine) as conn:
        files = metadata.tables["raw_file"]
        same["sha256"] = (await conn.execute(sa.select(files.c.sha256).limit(1))).scalar_one()
        for name in NOT_READ.keys() - UNSEEN:
            table, _, column = name.partition(".")
            rows = metadata.tables[table]
            if column:
                value = "none" if column == "encoding" else 77
                await conn.execute(sa.update(rows).values({column: value}))
                continue
            row = {key: same.get(key, value) for key, value in row_of(rows).items()} | (
                {"seq": 77} if "seq" in rows.c else {}
            )
            if "id" in row and not isinstance(rows.c.id.type, sa.Integer):
                row["id"] = "77"
            await conn.execute(sa.insert(rows).values(row))

    assert await beside.changed() == set()
    assert await beside.all_are_kept()


async def the_clock(beside, clock):
    """Only what said until when it holds changes by itself: verdicts that nobody renewed."""
    clock[0] = NOW + timedelta(days=400)

    changed = await beside.changed()

    assert {text for text in changed if "quality" not in text and "freshness" not in text} == set()
    assert of(changed, "instruments", "quality")
