"""Instruments, series, and what was observed: current rows, what they superseded, encoded chunks, the latest."""

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from mktdash.store.tables.columns import big_id, micros


class Instrument(SQLModel, table=True):
    """What is measured; ``symbol`` is mktdash's own name for it."""

    id: int | None = big_id()
    symbol: str = Field(unique=True)
    name: str
    asset_class: str
    currency: str | None = None
    mic: str | None = None
    figi: str | None = None


class InstrumentAlias(SQLModel, table=True):
    """What a source calls an instrument, from one date (always where 0) to another (exclusive; open where null).

    ``imported`` ones were given by people and count before what a provider declares.
    """

    __tablename__ = "instrument_alias"
    __table_args__ = (Index("ix_instrument_alias_instrument_id", "instrument_id"),)

    source: str = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    valid_from: int = micros(primary_key=True)
    valid_to: int | None = micros(default=None, nullable=True)
    instrument_id: int = Field(sa_type=BigInteger, foreign_key="instrument.id")
    imported: bool = False


class Dataset(SQLModel, table=True):
    """What one source publishes together; ``version`` grows by one in each transaction that changes its data.

    ``known_at`` is the latest instant at which anything in it was learned.
    """

    key: str = Field(primary_key=True)
    title: str
    source: str
    calendar: str
    timezone: str
    fixing_time: str
    publish_delay_s: int
    grace_s: int
    licence: str = ""
    simulated: bool = False
    version: int = micros(default=0)
    known_at: int | None = micros(default=None, nullable=True)
    checked_at: int | None = micros(default=None, nullable=True)
    last_error: str | None = None
    last_error_at: int | None = micros(default=None, nullable=True)


class Series(SQLModel, table=True):
    """One measure of one instrument in one dataset at one interval; what its numbers are measured in never changes."""

    __table_args__ = (
        UniqueConstraint("instrument_id", "dataset", "measure", "interval", "adjustment"),
        Index("ix_series_dataset", "dataset"),
    )

    id: int | None = big_id()
    instrument_id: int = Field(sa_type=BigInteger, foreign_key="instrument.id")
    dataset: str = Field(foreign_key="dataset.key")
    source: str
    measure: str
    interval: str
    unit: str
    unit_scale: float = 1.0
    positive: bool = True
    adjustment: str = "none"


class _Stored(SQLModel):
    """A value at an instant, with when it was learned and from which batch."""

    series_id: int = Field(sa_type=BigInteger, primary_key=True)
    as_of: int = micros(primary_key=True)
    value: float
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    flags: int = micros()
    known_at: int = micros()
    batch_id: int = micros()


class Observation(_Stored, table=True):
    """The current value for each instant."""

    __table_args__ = ({"sqlite_with_rowid": False},)


class ObservationRevision(_Stored, table=True):
    """A value that was current from ``known_at`` until ``superseded_at``; its successor may be nothing at all."""

    __tablename__ = "observation_revision"
    __table_args__ = (
        Index("ix_observation_revision_superseded_at", "superseded_at"),
        {"sqlite_with_rowid": False},
    )

    known_at: int = micros(primary_key=True)
    superseded_at: int = micros()
    superseded_by: int = micros()


class ObservationChunk(SQLModel, table=True):
    """The sealed observations of one chunk period, encoded; ``digest`` covers what was observed, not known times."""

    __tablename__ = "observation_chunk"

    series_id: int = Field(sa_type=BigInteger, primary_key=True)
    period: int = micros(primary_key=True)
    n: int
    last_as_of: int = micros()
    digest: bytes = Field(sa_type=LargeBinary)
    payload: bytes = Field(sa_type=LargeBinary)


class Latest(SQLModel, table=True):
    """The newest observation of each series and the one before it, kept in the transaction that changes them.

    ``sealed_to`` is the last ``as_of`` that the chunks hold; the few newer ones are encoded in ``tail`` (null: none).
    ``known_to`` is the known time of the newest batch that covered the series, whether or not it had news.
    """

    series_id: int = Field(sa_type=BigInteger, primary_key=True)
    n: int = micros(default=0)
    first_as_of: int | None = micros(default=None, nullable=True)
    as_of: int | None = micros(default=None, nullable=True)
    value: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: float | None = None
    flags: int = micros(default=0)
    known_at: int | None = micros(default=None, nullable=True)
    batch_id: int | None = micros(default=None, nullable=True)
    previous_as_of: int | None = micros(default=None, nullable=True)
    previous_value: float | None = None
    sealed_to: int | None = micros(default=None, nullable=True)
    known_to: int | None = micros(default=None, nullable=True)
    tail: bytes | None = Field(default=None, sa_type=LargeBinary)
