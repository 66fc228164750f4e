"""Every report template there is. A new one is a folder beside this module and a line here."""

import json
from typing import Any

from mktdash.domain.errors import InvalidInputError
from mktdash.reports.base import ReportTemplate
from mktdash.reports.market_summary.template import MARKET_SUMMARY

TEMPLATES: tuple[ReportTemplate[Any, Any], ...] = (MARKET_SUMMARY,)


class UnknownTemplateError(InvalidInputError):
    """No template has this name; ``data`` carries ``template`` and ``known``."""

    code = "UNKNOWN_TEMPLATE"
    http_status = 404


def template_by_name(name: str) -> ReportTemplate[Any, Any]:
    """A template in its newest version.

    Raises:
        UnknownTemplateError: there is none of this name.
    """
    for template in TEMPLATES:
        if template.name == name:
            return template
    known = [template.name for template in TEMPLATES]
    raise UnknownTemplateError(f"there is no report template {name!r}", template=name, known=known)


def schema_files() -> dict[str, str]:
    """The JSON Schema of each template's parameters, by the name of the file it is published as."""
    return {
        f"{template.name}.v{template.version}.json": f"{json.dumps(template.schema, indent=2)}\n"
        for template in TEMPLATES
    }
