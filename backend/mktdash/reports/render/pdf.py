"""A report as a PDF, set by typst with the fonts inside typst: no system font, no file, no clock is asked."""

from pathlib import Path
from typing import Any

import orjson

from mktdash.domain.clock import MICROS_PER_SECOND


def render_pdf(folder: Path, page: Any, made_at: int) -> bytes:
    """A tagged PDF, from the ``template.typ`` of a report template's folder.

    The page (a dataclass or JSON) reaches typst as data, ``json(bytes(sys.inputs.page))``, so that no text in it is
    ever read as markup.

    Args:
        folder: where ``template.typ`` is.
        page: what the template shows.
        made_at: the document's date, microseconds UTC; of the data, so that the same data give the same bytes.

    Raises:
        typst.TypstError: the template does not compile.
    """
    # Every process knows the templates; only the one that renders pays for this.
    import typst  # noqa: PLC0415 - as above

    source = (folder / "template.typ").read_bytes()
    compiler = typst.Compiler(source, ignore_system_fonts=True, sys_inputs={"page": orjson.dumps(page).decode()})
    pdf = compiler.compile(format="pdf", timestamp=made_at // MICROS_PER_SECOND)
    if not isinstance(pdf, bytes):
        raise TypeError(f"typst gave {type(pdf).__name__} for a PDF")
    return pdf
