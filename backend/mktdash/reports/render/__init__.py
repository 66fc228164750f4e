"""From what a template has built to the files that are stored."""

import hashlib
from typing import Any

from mktdash.reports.base import Format, OnStage, Render
from mktdash.store.jobs.reports import NewArtifact

_CONTENT_TYPES = {
    Format.PDF: "application/pdf",
    Format.HTML: "text/html; charset=utf-8",
    Format.CSV: "text/csv; charset=utf-8",
}


def render_all(render: Render, content: Any, on_stage: OnStage) -> list[NewArtifact]:
    """Every file of a report, with its media type and hash; ``on_stage`` hears each stage before it begins."""
    return [
        NewArtifact(name.value, _CONTENT_TYPES[name], hashlib.sha256(body).hexdigest(), body)
        for name, body in render(content, on_stage).items()
    ]
