"""Templates, and what is said of parameters that make no sense."""

import json
from pathlib import Path

import pytest

import mktdash
from mktdash.reports.catalogue import TEMPLATES, UnknownTemplateError, schema_files, template_by_name
from mktdash.reports.parameters import InvalidParametersError, check_parameters, checked_parameters

SCHEMAS = Path(__file__).parents[3] / "schema" / "reports"
SUMMARY = template_by_name("market-summary")


def test_the_committed_schemas_are_those_of_the_code():
    assert {path.name: path.read_text() for path in SCHEMAS.glob("*.json")} == schema_files()


def test_every_template_accepts_no_parameters_at_all():
    assert [check_parameters(template, None) for template in TEMPLATES] == [{} for _ in TEMPLATES]


def test_an_unknown_template_is_told_with_those_there_are():
    with pytest.raises(UnknownTemplateError) as caught:
        template_by_name("market-sumary")
    assert caught.value.data == {"template": "market-sumary", "known": [one.name for one in TEMPLATES]}


def test_parameters_stay_as_they_were_given():
    given = {"symbols": ["EURUSD", "EURJPY"], "from": "2026-01-02", "to": "2026-10-30", "title": "Mine"}
    assert check_parameters(SUMMARY, given) == given


@pytest.mark.parametrize(
    ("parameters", "path", "message"),
    [
        ({"days": "5"}, "/days", "valid integer"),
        ({"days": 1}, "/days", "greater than or equal to 2"),
        ({"days": 10**9}, "/days", "less than or equal"),
        ({"colour": "red"}, "/colour", "not permitted"),
        ({"symbols": []}, "/symbols", "at least 1"),
        ({"symbols": ["A", "A"]}, "", "stands twice"),
        ({"symbols": ["=HYPERLINK(1)"]}, "/symbols/0", "pattern"),
        ({"symbols": ["X"] * 101}, "/symbols", "at most 100"),
        ({"symbols": ["EURUSD"], "assetClass": "FX"}, "", "not both"),
        ({"dataset": "mine", "assetClass": "FX"}, "", "not both"),
        ({"dataset": ""}, "/dataset", "at least 1"),
        ({"assetClass": "SHOES"}, "/assetClass", "'FX'"),
        ({"days": 5, "from": "2026-01-01"}, "", "not both"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "", "is after to"),
        ({"from": "yesterday"}, "/from", "date"),
        ({"title": ""}, "/title", "at least 1"),
        ({"title": None}, "/title", "valid string"),
    ],
)
def test_each_problem_is_named_by_its_place(parameters, path, message):
    problems = check_parameters(SUMMARY, parameters)
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == [path]
    assert message in problems[0].message


def test_all_problems_are_told_at_once():
    with pytest.raises(InvalidParametersError) as caught:
        checked_parameters(SUMMARY, {"days": 1, "colour": "red"})
    assert {problem["path"] for problem in caught.value.data["problems"]} == {"/days", "/colour"}


def test_parameters_that_are_no_object_are_refused():
    assert check_parameters(SUMMARY, ["EURUSD"])[0].message == "parameters must be a JSON object"


def test_the_schema_describes_every_parameter():
    schema = json.loads(schema_files()["market-summary.v1.json"])
    assert all(part.get("description") for part in schema["properties"].values())
    assert schema["additionalProperties"] is False


def test_nothing_but_the_catalogue_and_its_own_folder_knows_a_template():
    package = Path(mktdash.__file__).parent
    for template in TEMPLATES:
        folder = template.name.replace("-", "_")
        words = (template.name, folder, folder.replace("_", " ").title().replace(" ", ""))
        knowing = {
            path.relative_to(package).as_posix()
            for path in package.rglob("*.py")
            if any(word in path.read_text(encoding="utf-8") for word in words)
        }
        assert {name for name in knowing if not name.startswith(f"reports/{folder}/")} == {"reports/catalogue.py"}
