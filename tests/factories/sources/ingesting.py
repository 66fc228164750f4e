"""Payloads taken into a store the one way there is, at an instant of the test's choice."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.ingest.pipeline import IngestReport, ingest_payload
from mktdash.providers.base import Provider, RawPayload
from tests.factories.sources.scripted import ScriptedProvider


async def ingest(
    engine: AsyncEngine,
    payload: RawPayload,
    provider: Provider | None = None,
    *,
    now: datetime | None = None,
    run_id: str = "test",
    **options: Any,
) -> IngestReport:
    """Merge a payload, of the scripted source unless another is given, at the instant it became known or later."""
    return await ingest_payload(
        engine,
        provider or ScriptedProvider(),
        payload,
        clock=lambda: now or payload.known_at,
        run_id=run_id,
        code_sha="test",
        **options,
    )
