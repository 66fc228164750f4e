"""The files: the same bytes each time and everywhere, the figures in them, nothing dangerous in any."""

import base64
import csv
import hashlib
import io
import multiprocessing
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader
from tests.factories.summaries import market_summary, series_summary

from mktdash.reports.market_summary.csv import HEADER
from mktdash.reports.market_summary.files import render_files
from mktdash.reports.render import render_all
from mktdash.reports.render.csv import safe

HOSTILE = "=cmd|'/c calc'!A0 </td><script>alert(1)</script> #import \"x\" {{ 7*7 }} \\"


def files_of(summary):
    return render_files(summary, lambda *_: None)


def hashes_elsewhere(summary):
    # Another process has another hash seed, which would show in the order of any set.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_hashes, (summary,))


def _hashes(summary):
    return {file.format: file.sha256 for file in render_all(render_files, summary, lambda *_: None)}


def pdf_text(body):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages).replace("\xa0", " ")


@pytest.fixture(scope="module")
def files():
    return files_of(market_summary())


def test_the_same_summary_gives_the_same_bytes_twice_and_in_another_process(files):
    summary = market_summary()
    assert files_of(summary) == files
    assert hashes_elsewhere(summary) == {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}


def test_another_run_of_the_same_data_differs_in_its_own_name_only(files):
    other = files_of(replace(market_summary(), run_id="another"))
    assert other["csv"] == files["csv"]
    assert other["html"].replace(b"another", market_summary().run_id.encode()) == files["html"]
    assert other["pdf"] != files["pdf"]


def test_stages_are_told_in_order():
    told = []
    render_files(market_summary(), lambda stage, share: told.append((stage, share)))
    assert [stage for stage, _ in told] == ["charts", "rendering pdf", "rendering html", "rendering csv"]
    assert [share for _, share in told] == sorted(share for _, share in told)


def test_the_pdf_carries_the_figures_the_quality_and_where_it_comes_from(files):
    summary = market_summary()
    text = pdf_text(files["pdf"])
    for row in summary.rows:
        assert row.symbol in text
        assert f"{row.figures.change_period:+.2f}".replace("-", "\N{MINUS SIGN}") in text
    for said in (
        "1 Aug 2026 to 30 Oct 2026",
        "2 of 155 expected observations are missing",
        "the source left it out",
        "EURGBP, EURTRY",
        "European Central Bank, free reuse",
        summary.run_id,
        summary.snapshot_id,
        summary.code_sha,
        "30 Oct 2026 16:05 UTC",
    ):
        assert said in text


def test_the_pdf_is_tagged_and_uses_the_fonts_inside_it(files):
    reader = PdfReader(io.BytesIO(files["pdf"]))
    assert reader.metadata.title == "Market summary"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    fonts = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert fonts
    assert all(font.startswith(("Libertinus", "DejaVu")) for font in fonts)


def test_the_page_is_well_formed_and_holds_itself_to_its_policy(files):
    text = files["html"].decode()
    assert re.findall(r"<script|\son\w+=|\sstyle=|https?://(?!www\.w3\.org/)|@import|url\(", text) == []
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    policy = found[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("; base-uri 'none'; form-action 'none'; img-src data:")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = hashlib.sha256(style.encode()).digest()
    assert base64.b64encode(digest).decode() in policy
    _Balanced().feed(text)


class _Balanced(HTMLParser):
    _void = frozenset({"meta", "br", "line", "polyline", "rect", "circle", "path"})

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        del attrs
        if tag not in self._void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self._void:
            assert self.open.pop() == tag


def test_the_csv_has_one_row_an_observation_with_its_unit_and_times(files):
    summary = market_summary()
    rows = list(csv.DictReader(io.StringIO(files["csv"].decode(), newline="")))
    assert tuple(rows[0]) == HEADER
    assert len(rows) == sum(row.figures.observations for row in summary.rows)
    first = summary.rows[0]
    assert rows[0]["symbol"] == "EURUSD"
    assert float(rows[0]["value"]) == first.points.value[0]
    assert (rows[0]["unit"], rows[0]["session"], rows[0]["as_of_utc"]) == (
        "USD",
        "2026-08-03",
        "2026-08-03T13:15:00Z",
    )


def test_texts_from_outside_are_texts_in_every_format():
    row = replace(series_summary("EURUSD"), name=HOSTILE, source="@SUM(1)", unit="+1")
    files = files_of(market_summary([row], title=HOSTILE))
    assert HOSTILE.split(" </td>", maxsplit=1)[0] in pdf_text(files["pdf"])
    assert "<script>alert" in pdf_text(files["pdf"])
    html = files["html"].decode()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "{{ 7*7 }}" in html
    cells = next(csv.DictReader(io.StringIO(files["csv"].decode(), newline="")))
    assert (cells["name"][:2], cells["source"][:2], cells["unit"]) == ("'=", "'@", "'+1")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(text):
    assert safe(text) == f"'{text}"


def test_negative_numbers_stay_numbers():
    row = series_summary("UST10Y", base=-0.4, measure="yield")
    body = files_of(market_summary([row]))["csv"].decode()
    assert float(next(csv.DictReader(io.StringIO(body, newline="")))["value"]) < 0


def test_simulated_values_are_marked_on_every_page_kind():
    rows = [series_summary("SIM.ALPHA", simulated=True, source="sim"), series_summary("EURUSD")]
    files = files_of(market_summary(rows))
    assert pdf_text(files["pdf"]).count("SIMULATED") >= 2
    assert files["html"].decode().count("SIMULATED") >= 2
    flags = {row["symbol"]: row["quality_flags"] for row in csv.DictReader(io.StringIO(files["csv"].decode()))}
    assert flags == {"SIM.ALPHA": "SIMULATED", "EURUSD": ""}


def test_a_report_without_verdicts_says_that_there_are_none_yet():
    note = replace(market_summary().datasets[0], quality=(), missing=(), status="UNKNOWN")
    files = files_of(market_summary(datasets=(note,)))
    assert "not yet computed" in pdf_text(files["pdf"])
    assert "not yet computed" in files["html"].decode()


def test_a_failed_check_is_the_first_thing_a_reader_sees():
    note = market_summary().datasets[0]
    late = replace(note.quality[1], status="FAIL", summary="3 sessions late")
    text = pdf_text(files_of(market_summary(datasets=(replace(note, quality=(note.quality[0], late)),)))["pdf"])
    assert text.index("Read with care") < text.index("3 sessions late") < text.index("LARGEST RISE")


def test_one_series_with_one_observation_is_a_report_too():
    lonely = series_summary("EURUSD")
    figures = replace(
        lonely.figures,
        sessions=lonely.figures.sessions[:1],
        closes=lonely.figures.closes[:1],
        change_1d=None,
        change_1w=None,
        change_period=None,
    )
    files = files_of(market_summary([replace(lonely, figures=figures)], main=(), absent=("EURXXX",)))
    assert "EURXXX" in pdf_text(files["pdf"])
    assert "\N{EN DASH}" in files["html"].decode()
