"""The tables: SQLModel defines them, statements name them as Core does (``OBSERVATIONS.c.as_of``)."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from mktdash.store.tables import access, batches, jobs, live, market, quality, reports

metadata = SQLModel.metadata


def _table(model: type[SQLModel]) -> Table:
    return metadata.tables[str(model.__tablename__)]


OBSERVATIONS = _table(market.Observation)
REVISIONS = _table(market.ObservationRevision)
CHUNKS = _table(market.ObservationChunk)
LATEST = _table(market.Latest)
SERIES = _table(market.Series)
INSTRUMENTS = _table(market.Instrument)
ALIASES = _table(market.InstrumentAlias)
DATASETS = _table(market.Dataset)
CONTRACTS = _table(batches.ContractVersion)
RAW_FILES = _table(batches.RawFile)
RAW_BLOCKS = _table(batches.RawBlock)
BATCHES = _table(batches.IngestBatch)
QUARANTINE = _table(batches.Quarantine)
ABSENCES = _table(batches.Absence)
RESULTS = _table(quality.DqResult)
STATES = _table(quality.DqState)
ALERTS = _table(quality.DqAlert)
ENDED = _table(quality.Ended)
RUNS = _table(jobs.JobRun)
RUN_EVENTS = _table(jobs.RunEvent)
REPORTS = _table(reports.ReportRun)
ARTIFACTS = _table(reports.ReportArtifact)
SNAPSHOTS = _table(reports.ReportSnapshot)
TOKENS = _table(access.ApiToken)
SESSIONS = _table(access.BrowserSession)
AUDIT = _table(access.AuditEvent)
EVENTS = _table(live.Event)
EVENT_EPOCHS = _table(live.EventEpoch)
BEATS = _table(live.ProcessBeat)
TOPIC_VERSIONS = _table(live.TopicVersion)
