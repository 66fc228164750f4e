"""Reparses stored batches from their raw bytes, each by the parser version that it was parsed with."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.contracts.registry import contract_named
from mktdash.domain.clock import from_micros, iso
from mktdash.domain.errors import NotFoundError, ProviderFormatError
from mktdash.domain.instrument import DatasetSpec
from mktdash.ingest.accept import BatchKey
from mktdash.ingest.batch import BatchMerge, Outcome
from mktdash.ingest.transactions import split_by_transaction
from mktdash.providers.base import Parsed, Provider, RawPayload
from mktdash.providers.registry import describe_parser, provider_for_parser
from mktdash.store.batches.batches import BatchRow
from mktdash.store.batches.raw_files import raw_body

ParserOf = Callable[[BatchRow], Provider]


def dataset_of(provider: Provider, key: str) -> DatasetSpec:
    """The dataset of a provider by key.

    Raises:
        ProviderFormatError: the provider has none of that key.
    """
    for spec in provider.datasets:
        if spec.key == key:
            return spec
    raise ProviderFormatError(f"{provider.name} has no dataset {key!r}", source=provider.name, dataset=key)


def original_parser(batch: BatchRow, *, candidate: Provider | None = None) -> Provider:
    """The provider that parses a batch exactly as it was parsed before.

    Args:
        batch: the stored batch.
        candidate: a provider that is used where its parser version is the batch's.

    Raises:
        NotFoundError: this version no longer has that parser version; the message says how to go on.
    """
    if candidate is not None and describe_parser(candidate) == batch.parser:
        return candidate
    try:
        contract_named(batch.contract)
        return provider_for_parser(batch.parser)
    except NotFoundError as error:
        raise NotFoundError(
            f"batch {batch.id} of {batch.dataset} ({batch.url}, known {iso(batch.known_at)}) can't be parsed as before:"
            f" {error.message}; nothing was changed. `mktdash replay --current-parsers` parses such batches with this"
            " version",
            batch=batch.id,
            dataset=batch.dataset,
        ) from error


def current_parser(batch: BatchRow) -> Provider:
    """The provider that parses a batch by the present parser version, whatever it was parsed with.

    Raises:
        NotFoundError: there is no such source any more.
    """
    return provider_for_parser(batch.parser, current=True)


async def replay_batch(
    conn: AsyncConnection, provider: Provider, batch: BatchRow, series_ids: Sequence[int]
) -> Outcome:
    """Reparse a stored batch and merge it into series that were rewound to before it."""
    only = frozenset(series_ids)
    outcome = Outcome()
    merge = BatchMerge(conn, provider, dataset_of(provider, batch.dataset), key_of(batch), outcome)
    async with aclosing(reparse(conn, provider, batch)) as groups:
        async for group in groups:
            await merge.replay(group, only)
            outcome.end_transaction()
    return outcome


def key_of(batch: BatchRow) -> BatchKey:
    """The key of a stored batch."""
    return BatchKey(batch.id, batch.known_at, batch.window)


async def reparse(conn: AsyncConnection, provider: Provider, batch: BatchRow) -> AsyncGenerator[list[Parsed]]:
    """Parse the raw bytes of a stored batch, one transaction's worth at a time.

    Raises:
        NotFoundError: the raw bytes are not kept.
        ProviderFormatError: they are not that provider's format.
    """
    async with raw_body(conn, batch.raw_sha256) as body:
        payload = RawPayload(
            dataset=batch.dataset,
            body=body,
            url=batch.url,
            fetched_at=from_micros(batch.fetched_at),
            known_at=from_micros(batch.known_at),
            content_type=batch.content_type,
        )
        groups = split_by_transaction(provider.parse(payload), complete=batch.window is not None)
        more = True
        while more:
            group, more = await asyncio.to_thread(next, groups)
            yield group
