"""Whether the parameters someone sends fit a template, and the error that names every one that does not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from mktdash.domain.errors import InvalidInputError
from mktdash.reports.base import ReportTemplate


class InvalidParametersError(InvalidInputError):
    """Parameters do not fit their template; ``data["problems"]`` lists ``{path, message}``."""

    code = "INVALID_PARAMETERS"


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """What is wrong with one parameter; ``path`` is a JSON pointer, empty for all of them."""

    path: str
    message: str


def check_parameters(
    template: ReportTemplate[Any, Any], parameters: Mapping[str, Any] | None
) -> dict[str, Any] | list[ParameterProblem]:
    """The parameters as they are to be stored, or, as a list, everything that is wrong with them.

    What the caller leaves out stays out, so that a template's defaults are those of its version.
    """
    given: Any = {} if parameters is None else parameters
    if not isinstance(given, Mapping):
        return [ParameterProblem("", "parameters must be a JSON object")]
    try:
        checked = template.parameters.model_validate_json(orjson.dumps(dict(given)), strict=True)
    except ValidationError as error:
        return [
            ParameterProblem(_pointer(problem["loc"]), problem["msg"].removeprefix("Value error, "))
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    stored: dict[str, Any] = checked.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return stored


def checked_parameters(template: ReportTemplate[Any, Any], parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """As :func:`check_parameters`, for callers that want an error.

    Raises:
        InvalidParametersError: with every problem in its data.
    """
    checked = check_parameters(template, parameters)
    if isinstance(checked, dict):
        return checked
    raise invalid(checked)


def invalid(problems: Sequence[ParameterProblem]) -> InvalidParametersError:
    """The error that names every problem."""
    text = "; ".join(f"{problem.path or 'parameters'}: {problem.message}" for problem in problems)
    return InvalidParametersError(text, problems=[asdict(problem) for problem in problems])


def _pointer(location: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in location)
