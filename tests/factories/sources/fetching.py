"""Fetches a provider's payloads over a real loopback wire, as the feed would, without its deadline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest

from mktdash.domain.clock import iso
from mktdash.providers.base import Parsed, Provider, RawPayload, Window
from mktdash.providers.fetch.fetcher import HttpFetcher

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[2] / "data"
RECORDED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "wire"
EVERYTHING = Window()


def recorded(name: str) -> bytes:
    """A recorded file; the test skips, and says so, where the recordings are not."""
    path = RECORDED / name
    if not path.is_file():
        pytest.skip(f"the recorded file is not here: {path}")
    return path.read_bytes()


@asynccontextmanager
async def fetcher_for(provider: Provider, now: datetime = NOW) -> AsyncIterator[HttpFetcher]:
    """A fetcher under the provider's own policy that does not wait."""

    async def at_once(seconds: float) -> None:
        del seconds

    policy = replace(provider.policy, requests_per_s=10_000.0, timeout_s=120.0)
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:  # noqa: S113  # the policy has one
        yield HttpFetcher(client, provider.name, policy, clock=lambda: now, sleep=at_once)


async def fetched(provider: Provider, window: Window = EVERYTHING, now: datetime = NOW) -> list[RawPayload]:
    """All payloads of a window."""
    async with fetcher_for(provider, now) as fetcher:
        return [payload async for payload in provider.fetch(fetcher, window, lambda: now)]


def parsed(provider: Provider, body: bytes, dataset: str, url: str = "file:test", now: datetime = NOW) -> Parsed:
    """A body as one piece."""
    pieces = list(provider.parse(RawPayload(dataset, body, url, now, now)))
    return Parsed([one for piece in pieces for one in piece.series], [no for piece in pieces for no in piece.rejected])


def points(piece: Parsed, alias: str) -> dict[str, float]:
    """Instant to value of one series, as text and number."""
    found = [one.columns for one in piece.series if one.alias == alias]
    instants = np.concatenate([columns.as_of for columns in found]) if found else []
    values = np.concatenate([columns.value for columns in found]) if found else []
    return {iso(int(instant)): float(value) for instant, value in zip(instants, values, strict=True)}
