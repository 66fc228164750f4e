"""What a bearer shows, as it stands now: a token, or the session that a browser got for one. Never the secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.store.engine.shared_read import SharedRead
from mktdash.web_times import USUAL


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or a session; instants in microseconds UTC. A session has the name, the role and the end of its token."""

    id: str
    sha256: str
    is_session: bool
    token_id: str
    name: str
    role: str
    revoked_at: int | None
    token_expires_at: int | None
    session_expires_at: int | None

    @property
    def expires_at(self) -> int | None:
        """When it ends by itself; None for never."""
        ends = [end for end in (self.token_expires_at, self.session_expires_at) if end is not None]
        return min(ends) if ends else None

    def live_at(self, now_micros: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now_micros < self.expires_at)


_STATEMENT = """
SELECT id, sha256, FALSE, id, name, role, revoked_at, expires_at, CAST(NULL AS bigint) FROM api_token WHERE id {among}
UNION ALL
SELECT s.id, s.sha256, TRUE, t.id, t.name, t.role, t.revoked_at, t.expires_at, s.expires_at
FROM browser_session s JOIN api_token t ON t.id = s.token_id WHERE s.id {among}
"""
_POSTGRES = _STATEMENT.format(among="= ANY($1::text[])")
_SQLITE = _STATEMENT.format(among="IN (SELECT value FROM json_each(?1))")


class CredentialWatch:
    """Credentials as they are now, live or not; one read serves all requests that came before it was sent."""

    def __init__(self, engine: AsyncEngine, seconds_to_read: float = USUAL.shared_read) -> None:
        self._postgres = engine.dialect.name == "postgresql"
        self.shared: SharedRead[str, Credential] = SharedRead(engine, self._read, seconds_to_read)

    async def by_id(self, credential_id: str) -> Credential | None:
        """The token or session of an id.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        return await self.shared.of(credential_id)

    async def aclose(self) -> None:
        """Give the connection back."""
        await self.shared.aclose()

    async def _read(self, driver: Any, ids: set[str]) -> Mapping[str, Credential]:
        if self._postgres:
            rows = await driver.fetch(_POSTGRES, list(ids))
        else:
            rows = await driver.execute_fetchall(_SQLITE, (orjson.dumps(list(ids)).decode(),))
        return {row[0]: Credential(row[0], row[1], bool(row[2]), *tuple(row)[3:]) for row in rows}
