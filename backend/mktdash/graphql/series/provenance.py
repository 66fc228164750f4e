"""Where numbers come from: raw files and the batches they made."""

import strawberry

from mktdash.domain.flags import flag_names
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.batches.batches import BatchRow, ProvenanceRow
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.live.topic_versions import ABOUT, CATALOGUE, DATA, RAW

BATCHES = "Batch"


@attributes_depend_on(ABOUT, RAW)
@strawberry.type(name="RawFile", description="Bytes as a source gave them, kept by their hash.")
class RawFileType:
    """A raw payload."""

    sha256: str = strawberry.field(description="SHA-256 of the bytes, in hex.")
    bytes: int = strawberry.field(description="How many bytes.")
    url: str = strawberry.field(description="Where they were fetched from.")
    content_type: str | None = strawberry.field(description="What the source called their type.")
    fetched_at: Instant = strawberry.field(description="When they were fetched.")
    download_url: str = strawberry.field(description="Path on this server that gives the bytes back.")


@attributes_depend_on(ABOUT)
@strawberry.type(name="Batch", description="One payload merged into the store, and what came of it.")
class BatchType(Node):
    """An ingest batch."""

    run_id: str = strawberry.field(description="The run that brought it.")
    source: str = strawberry.field(description="The source it came from.")
    dataset: str = strawberry.field(description="Key of the dataset it belongs to.")
    contract: str = strawberry.field(description="The contract version it was validated against.")
    code_sha: str = strawberry.field(description="The version of the code that read it.")
    known_at: Instant = strawberry.field(description="When this system learned its values.")
    started_at: Instant = strawberry.field(description="When its merge began.")
    finished_at: Instant = strawberry.field(description="When its merge was done.")
    window_first: Instant | None = strawberry.field(description="The first instant it speaks of.")
    window_last: Instant | None = strawberry.field(description="The last instant it speaks of.")
    new: int = strawberry.field(description="Values that were not known before.")
    revised: int = strawberry.field(description="Values that replaced others.")
    same: int = strawberry.field(description="Values that were known already.")
    retracted: int = strawberry.field(description="Values that were withdrawn.")
    rejected: int = strawberry.field(description="Records that went to quarantine.")
    raw: RawFileType = strawberry.field(metadata=depends_on(ABOUT, RAW), description="The bytes it was read from.")

    @classmethod
    def from_row(cls, row: BatchRow) -> "BatchType":
        """A batch as stored."""
        raw = from_row(
            RawFileType, row, sha256=row.raw_sha256, bytes=row.raw_size, download_url=f"/api/raw/{row.raw_sha256}"
        )
        return from_row(cls, row, id=global_id(BATCHES, row.id), raw=raw)


@attributes_depend_on(CATALOGUE, DATA)
@strawberry.type(name="Provenance", description="One number and where it comes from.")
class ProvenanceType:
    """The provenance of a value."""

    symbol: str = strawberry.field(description="The instrument's symbol.")
    source: str = strawberry.field(description="The series' source.")
    as_of: Instant = strawberry.field(description="When the value holds.")
    value: float = strawberry.field(description="The value.")
    flags: list[str] = strawberry.field(description="The names of the quality flags it carries.")
    known_at: Instant = strawberry.field(description="When this system learned it.")
    superseded_at: Instant | None = strawberry.field(
        description="When another value, or none, took its place; null while it is current."
    )
    batch: BatchType = strawberry.field(metadata=depends_on(DATA, ABOUT), description="The batch it arrived in.")

    @classmethod
    def from_row(cls, series: SeriesRow, row: ProvenanceRow) -> "ProvenanceType":
        """A value of a series with its batch."""
        flags, batch = flag_names(row.flags), BatchType.from_row(row.batch)
        return from_row(cls, row, symbol=series.symbol, source=series.source, flags=flags, batch=batch)
