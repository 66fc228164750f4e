"""The report templates there are, and whether the parameters someone sends make sense for one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from mktdash.domain.errors import InvalidInputError
from mktdash.reports.market_summary.parameters import DESCRIPTION, NAME, TITLE, VERSION, MarketSummaryParameters


class UnknownTemplateError(InvalidInputError):
    """No template has this name; ``data`` carries ``template`` and ``known``."""

    code = "UNKNOWN_TEMPLATE"
    http_status = 404


class InvalidParametersError(InvalidInputError):
    """Parameters do not fit their template; ``data["problems"]`` lists ``{path, message}``."""

    code = "INVALID_PARAMETERS"


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of report. ``parameters`` is the JSON Schema of what it takes, committed under ``schema/reports``."""

    name: str
    version: int
    title: str
    description: str
    parameters: dict[str, Any]
    model: type[MarketSummaryParameters]


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """What is wrong with one parameter; ``path`` is a JSON pointer, empty for the parameters as a whole."""

    path: str
    message: str


_MARKET_SUMMARY = Template(
    name=NAME,
    version=VERSION,
    title=TITLE,
    description=DESCRIPTION,
    parameters={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **MarketSummaryParameters.model_json_schema(),
    },
    model=MarketSummaryParameters,
)
_TEMPLATES = (_MARKET_SUMMARY,)


def templates() -> list[Template]:
    """Every template, by name."""
    return list(_TEMPLATES)


def template_by_name(name: str) -> Template:
    """A template in its newest version.

    Raises:
        UnknownTemplateError: there is none of this name.
    """
    for template in _TEMPLATES:
        if template.name == name:
            return template
    known = [template.name for template in _TEMPLATES]
    raise UnknownTemplateError(f"there is no report template {name!r}", template=name, known=known)


def schema_files() -> dict[str, str]:
    """The JSON Schema of each template's parameters, by the name of the file it is published as."""
    return {
        f"{template.name}.v{template.version}.json": f"{json.dumps(template.parameters, indent=2)}\n"
        for template in _TEMPLATES
    }


def check_parameters(
    template: Template, parameters: Mapping[str, Any] | None
) -> dict[str, Any] | list[ParameterProblem]:
    """The parameters as they are to be stored, or, as a list, everything that is wrong with them.

    What the caller leaves out stays out, so that a template's defaults are those of its version.
    """
    given: Any = {} if parameters is None else parameters
    if not isinstance(given, Mapping):
        return [ParameterProblem("", "parameters must be a JSON object")]
    try:
        checked = template.model.model_validate_json(_json(given), strict=True)
    except ValidationError as error:
        return [
            ParameterProblem(_pointer(problem["loc"]), problem["msg"].removeprefix("Value error, "))
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    return checked.model_dump(mode="json", by_alias=True, exclude_unset=True)


def checked_parameters(template: Template, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """As :func:`check_parameters`, for callers that want an error.

    Raises:
        InvalidParametersError: with every problem in its data.
    """
    checked = check_parameters(template, parameters)
    if isinstance(checked, dict):
        return checked
    raise invalid(checked)


def invalid(problems: Sequence[ParameterProblem]) -> InvalidParametersError:
    """The error that tells every problem."""
    text = "; ".join(f"{problem.path or 'parameters'}: {problem.message}" for problem in problems)
    return InvalidParametersError(text, problems=[asdict(problem) for problem in problems])


def _json(parameters: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(parameters))


def _pointer(location: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in location)
