"""Where numbers come from: raw bytes by hash, the batch each arrived in, what was refused, what a source lacks."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class ContractVersion(SQLModel, table=True):
    """A published version of the canonical schema."""

    __tablename__ = "contract_version"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    sha256: str
    json_schema: dict[str, Any] = Field(sa_type=JSON)
    compat: str
    created_at: int = micros()


class RawFile(SQLModel, table=True):
    """A raw file, once for each content; its bytes are in its blocks."""

    __tablename__ = "raw_file"

    sha256: str = Field(primary_key=True)
    size: int = micros()
    stored: int = micros()
    encoding: str


class RawBlock(SQLModel, table=True):
    """A part of a raw file, compressed on its own, so that no file need be in memory at once."""

    __tablename__ = "raw_block"

    sha256: str = Field(primary_key=True, foreign_key="raw_file.sha256")
    seq: int = Field(primary_key=True)
    payload: bytes = Field(sa_type=LargeBinary)


class IngestBatch(SQLModel, table=True):
    """One payload merged: where from, when, by which code, and what came of it.

    ``replace_window`` says that it was taken as the whole truth from ``replace_first`` to ``replace_last`` (all time
    where null); ``window_first`` and ``window_last`` are the first and last instant that it covered. ``parser``
    is what it takes to parse the raw bytes again: the source, and for a csv file its mapping. A long payload is
    merged in several transactions, and is not ``finished`` before the last; ``finished_at`` is the last one's so far.
    """

    __tablename__ = "ingest_batch"
    __table_args__ = (Index("ix_ingest_batch_dataset", "dataset", "known_at"),)

    id: int | None = big_id()
    run_id: str
    source: str
    dataset: str = Field(foreign_key="dataset.key")
    contract: str
    parser: dict[str, Any] = Field(sa_type=JSON)
    code_sha: str
    raw_sha256: str = Field(foreign_key="raw_file.sha256")
    url: str
    content_type: str | None = None
    fetched_at: int = micros()
    known_at: int = micros()
    replace_window: bool = False
    replace_first: int | None = micros(default=None, nullable=True)
    replace_last: int | None = micros(default=None, nullable=True)
    window_first: int | None = micros(default=None, nullable=True)
    window_last: int | None = micros(default=None, nullable=True)
    new: int = 0
    revised: int = 0
    same: int = 0
    retracted: int = 0
    rejected: int = 0
    started_at: int = micros()
    finished_at: int = micros()
    finished: bool = True


class Quarantine(SQLModel, table=True):
    """A record that was refused, with its reason, its own text and its place."""

    __table_args__ = (Index("ix_quarantine_batch_id", "batch_id"),)

    id: int | None = big_id()
    batch_id: int = Field(sa_type=BigInteger, foreign_key="ingest_batch.id")
    dataset: str
    alias: str | None = None
    code: str
    field: str
    reason: str
    raw: str
    line: int
    as_of: int | None = micros(default=None, nullable=True)


class Absence(SQLModel, table=True):
    """A run of instants for which the source itself says there is no observation (both ends included)."""

    __table_args__ = (Index("ix_absence_series_id", "series_id", "last_as_of"),)

    id: int | None = big_id()
    series_id: int = Field(sa_type=BigInteger, foreign_key="series.id")
    first_as_of: int = micros()
    last_as_of: int = micros()
    n: int
    batch_id: int = Field(sa_type=BigInteger, foreign_key="ingest_batch.id")
