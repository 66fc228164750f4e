"""The files of one hand-made summary, by their hashes: the same on every machine, and changed only knowingly.

Where a change of template or figures is meant, look at the new files and write their hashes down here. A template whose
look has changed after a release also needs a new version.
"""

from tests.factories.summaries import market_summary

from mktdash.reports.market_summary.files import render_files
from mktdash.reports.render import render_all

HASHES = {
    "pdf": "0f9b0c1d547ee553bf9e87d440c782fe8d0135808860efa16684463c6aac8c96",
    "html": "bd08564dd3c58d4b5225d6644380536c800135297f2d951a0f29e133eae9a31c",
    "csv": "119ed775aea91224be3ccc7d68a586660c9321745be9f95192894f53bcd1d4c1",
}


def test_the_files_of_the_hand_made_summary_are_known():
    made = {file.format: file.sha256 for file in render_all(render_files, market_summary(), lambda *_: None)}
    assert made == HASHES
