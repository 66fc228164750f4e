"""The report as a PDF, set by typst with the fonts inside typst: no system font, no file, no clock is asked."""

from dataclasses import asdict
from pathlib import Path

import orjson
import typst

from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.reports.market_summary.page import Page

PDF_TYPE = "application/pdf"
_SOURCE = (Path(__file__).parents[1] / "market_summary" / "template.typ").read_bytes()


def render_pdf(page: Page) -> bytes:
    """A tagged PDF. Texts reach typst as data, so none of them is ever read as markup.

    Raises:
        typst.TypstError: the template does not compile.
    """
    compiler = typst.Compiler(
        _SOURCE, ignore_system_fonts=True, sys_inputs={"page": orjson.dumps(asdict(page)).decode()}
    )
    pdf = compiler.compile(format="pdf", timestamp=page.made_at // MICROS_PER_SECOND)
    if not isinstance(pdf, bytes):
        raise TypeError(f"typst gave {type(pdf).__name__} for a PDF")
    return pdf
