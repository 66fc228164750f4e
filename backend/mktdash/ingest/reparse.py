"""A stored batch told again from its raw bytes, by the recipe that it was read with and by no other."""

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
from mktdash.ingest.portions import portions_of
from mktdash.providers.base import Parsed, Provider, RawPayload
from mktdash.providers.registry import provider_of_recipe, recipe_of
from mktdash.store.batches.batches import BatchRow
from mktdash.store.batches.raw_files import raw_body

ProviderOf = Callable[[BatchRow], Provider]


def dataset_of(provider: Provider, key: str) -> DatasetSpec:
    """The dataset of a provider by key.

    Raises:
        ProviderFormatError: the provider has none of that key.
    """
    for spec in provider.datasets:
        if spec.key == key:
            return spec
    raise ProviderFormatError(f"{provider.name} has no dataset {key!r}", source=provider.name, dataset=key)


def reader_of(batch: BatchRow, *, told: Provider | None = None) -> Provider:
    """Who reads a batch as it was read before.

    Args:
        batch: which.
        told: a provider at hand, that is taken where its own recipe is the batch's.

    Raises:
        NotFoundError: this version does not have that recipe any more; it says so, and how to read the batch anew.
    """
    if told is not None and recipe_of(told) == batch.parser:
        return told
    try:
        contract_named(batch.contract)
        return provider_of_recipe(batch.parser)
    except NotFoundError as error:
        raise NotFoundError(
            f"batch {batch.id} of {batch.dataset} ({batch.url}, known {iso(batch.known_at)}) can't be read as it was:"
            f" {error.message}; nothing is changed. `mktdash replay --anew` reads such batches by this version",
            batch=batch.id,
            dataset=batch.dataset,
        ) from error


def reader_anew(batch: BatchRow) -> Provider:
    """Who reads a batch by the present version, whatever it was read with.

    Raises:
        NotFoundError: there is no such source any more.
    """
    return provider_of_recipe(batch.parser, anew=True)


async def retell_batch(
    conn: AsyncConnection, provider: Provider, batch: BatchRow, series_ids: Sequence[int]
) -> Outcome:
    """Merge a stored batch again, from its raw bytes, into series that were rewound to before it."""
    only = frozenset(series_ids)
    outcome = Outcome()
    merge = BatchMerge(conn, provider, dataset_of(provider, batch.dataset), key_of(batch), outcome)
    async with aclosing(read_again(conn, provider, batch)) as portions:
        async for portion in portions:
            await merge.retell(portion, only)
            outcome.settle()
    return outcome


def key_of(batch: BatchRow) -> BatchKey:
    """A stored batch as a merge knows it."""
    return BatchKey(batch.id, batch.known_at, batch.window)


async def read_again(conn: AsyncConnection, provider: Provider, batch: BatchRow) -> AsyncGenerator[list[Parsed]]:
    """The raw bytes of a stored batch, read by a provider, a portion at a time.

    Raises:
        NotFoundError: they are not kept.
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
        portions = portions_of(provider.parse(payload), whole=batch.window is not None)
        more = True
        while more:
            portion, more = await asyncio.to_thread(next, portions)
            yield portion
