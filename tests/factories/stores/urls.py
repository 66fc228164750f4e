"""Stores for tests that make their own, by the URL they are behind."""

from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine


async def upgrade_url(url: str) -> None:
    """Bring the database behind a URL to the present schema."""
    engine = open_engine(url)
    try:
        await upgrade(engine)
    finally:
        await engine.dispose()
