"""The JSON bodies of HTTP answers, as models: OpenAPI is made from them, tests hold the answers to them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["PASS", "WARN", "FAIL", "UNKNOWN"]


class Problem(BaseModel):
    """An RFC 9457 problem document; further members say what was wrong with what."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="urn:mktdash:error: and the code.")
    title: str = Field(description="The error for people.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable name of the error, as in schema/errors.md.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    requestId: str = Field(description="The id under which the server's log knows the request.")  # noqa: N815 - on the wire


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"]


class Check(BaseModel):
    """One part of the system."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok", "down"]
    age_s: float | None = Field(None, description="Seconds since its last heartbeat.")
    ms: float | None = Field(None, description="Milliseconds it took to answer.")
    reason: str | None = Field(None, description="Why it is not ok.")


class Readiness(BaseModel):
    """Every part the system needs."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok", "down"]
    at: str = Field(description="The server's time, RFC 3339.")
    version: str
    checks: dict[str, Check] = Field(description="database, redis, worker and feed.")


class Metric(BaseModel):
    """One verdict on a dataset."""

    model_config = ConfigDict(extra="forbid")

    metric: str
    status: Verdict
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    summary: str
    since: str
    runAt: str  # noqa: N815 - on the wire
    datasetVersion: int  # noqa: N815 - as it is sent
    codeSha: str  # noqa: N815 - as it is sent
    evidence: dict[str, Any]


class DatasetVerdict(BaseModel):
    """All verdicts on a dataset."""

    model_config = ConfigDict(extra="allow")

    dataset: str
    title: str
    source: str
    simulated: bool
    status: Verdict
    version: int
    runAt: str | None  # noqa: N815 - on the wire
    countsUntil: str | None  # noqa: N815 - on the wire
    stale: bool
    freshness: Metric | None
    completeness: Metric | None
    completeness30: Metric | None
    drift: Metric | None
    checks: list[Metric]


class DataQuality(BaseModel):
    """Verdicts on all datasets."""

    model_config = ConfigDict(extra="forbid")

    status: Verdict
    asOf: str  # noqa: N815 - on the wire
    counts: dict[Verdict, int]
    datasets: list[DatasetVerdict]
