"""The tables, by noun. SQLModel defines them and the small entities; series move as columns through Core."""

from sqlmodel import SQLModel

from mktdash.store.tables.access import ApiToken, AuditEvent, BrowserSession
from mktdash.store.tables.batches import Absence, ContractVersion, IngestBatch, Quarantine, RawBlock, RawFile
from mktdash.store.tables.market import (
    Dataset,
    Instrument,
    InstrumentAlias,
    Latest,
    Observation,
    ObservationChunk,
    ObservationRevision,
    Series,
)
from mktdash.store.tables.operations import Event, EventEpoch, ProcessBeat, TopicVersion
from mktdash.store.tables.quality import DqAlert, DqResult, DqState, Ended
from mktdash.store.tables.reports import ReplayRun, ReportArtifact, ReportRun, ReportSnapshot, RunEvent

metadata = SQLModel.metadata

__all__ = [
    "Absence",
    "ApiToken",
    "AuditEvent",
    "BrowserSession",
    "ContractVersion",
    "Dataset",
    "DqAlert",
    "DqResult",
    "DqState",
    "Ended",
    "Event",
    "EventEpoch",
    "IngestBatch",
    "Instrument",
    "InstrumentAlias",
    "Latest",
    "Observation",
    "ObservationChunk",
    "ObservationRevision",
    "ProcessBeat",
    "Quarantine",
    "RawBlock",
    "RawFile",
    "ReplayRun",
    "ReportArtifact",
    "ReportRun",
    "ReportSnapshot",
    "RunEvent",
    "Series",
    "TopicVersion",
    "metadata",
]
