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
@strawberry.type(name="RawFile", description="The raw bytes of a payload, as the source sent them.")
class RawFileType:
    """A raw payload."""

    sha256: str = strawberry.field(description="SHA-256 of the bytes, in hex.")
    bytes: int = strawberry.field(description="Its size in bytes.")
    url: str = strawberry.field(description="Where they were fetched from.")
    content_type: str | None = strawberry.field(description="The media type that the source gave.")
    fetched_at: Instant = strawberry.field(description="When they were fetched.")
    download_url: str = strawberry.field(description="The path of the file on this server.")


@attributes_depend_on(ABOUT)
@strawberry.type(name="Batch", description="What one payload brought, from raw bytes to rows.")
class BatchType(Node):
    """An ingest batch."""

    run_id: str = strawberry.field(description="The run that fetched it.")
    source: str = strawberry.field(description="The source it came from.")
    dataset: str = strawberry.field(description="Key of the dataset it belongs to.")
    contract: str = strawberry.field(description="The contract version it was validated against.")
    code_sha: str = strawberry.field(description="The version of the code that parsed it.")
    known_at: Instant = strawberry.field(description="When this system learned its values.")
    started_at: Instant = strawberry.field(description="When its merge began.")
    finished_at: Instant = strawberry.field(description="When its merge was done.")
    window_first: Instant | None = strawberry.field(description="The first instant it has a value of.")
    window_last: Instant | None = strawberry.field(description="The last instant it has a value of.")
    new: int = strawberry.field(description="Values that were not known before.")
    revised: int = strawberry.field(description="Values that replaced others.")
    same: int = strawberry.field(description="Values that were known already.")
    retracted: int = strawberry.field(description="Values that were withdrawn.")
    rejected: int = strawberry.field(description="Records that went to quarantine.")
    raw: RawFileType = strawberry.field(
        metadata=depends_on(ABOUT, RAW), description="The raw bytes it was parsed from."
    )

    @classmethod
    def from_row(cls, row: BatchRow) -> "BatchType":
        """A batch as stored."""
        raw = from_row(
            RawFileType, row, sha256=row.raw_sha256, bytes=row.raw_size, download_url=f"/api/raw/{row.raw_sha256}"
        )
        return from_row(cls, row, id=global_id(BATCHES, row.id), raw=raw)


@attributes_depend_on(CATALOGUE, DATA)
@strawberry.type(name="Provenance", description="A value and where it comes from.")
class ProvenanceType:
    """The provenance of a value."""

    symbol: str = strawberry.field(description="The instrument's symbol.")
    source: str = strawberry.field(description="The series' source.")
    as_of: Instant = strawberry.field(description="The instant of the value.")
    value: float = strawberry.field(description="The value.")
    flags: list[str] = strawberry.field(description="Its quality flags.")
    known_at: Instant = strawberry.field(description="When this system learned it.")
    superseded_at: Instant | None = strawberry.field(
        description="When it was revised or retracted; null while it is current."
    )
    batch: BatchType = strawberry.field(metadata=depends_on(DATA, ABOUT), description="The batch it arrived in.")

    @classmethod
    def from_row(cls, series: SeriesRow, row: ProvenanceRow) -> "ProvenanceType":
        """A value of a series with its batch."""
        flags, batch = flag_names(row.flags), BatchType.from_row(row.batch)
        return from_row(cls, row, symbol=series.symbol, source=series.source, flags=flags, batch=batch)
