"""The exact cache as a start ships it: the documents that people's clients write are answered from what is kept."""

import httpx
import pytest

# As Apollo and urql write them, which ask for __typename in every selection; with a directive; with a fragment.
DOCUMENTS = {
    "__typename": "{ datasets { key title __typename } }",
    "a series": '{ series(symbol: "EURUSD") { unit { name __typename } points { value __typename } __typename } }',
    "@include": "query ($a: Boolean!) { datasets { key title @include(if: $a) } }",
    "a fragment": "query Q { datasets { ...D } } fragment D on Dataset { key title __typename }",
}


@pytest.mark.parametrize("which", DOCUMENTS)
def test_what_was_answered_before_and_has_not_changed_is_kept(mktdash, which):
    asked = {"query": DOCUMENTS[which], "variables": {"a": True}}
    with httpx.Client(base_url=mktdash.url, timeout=600) as client:
        answers = [client.post("/graphql", json=asked) for _ in range(6)]

    assert {one.status_code for one in answers} == {200}
    assert len({one.content for one in answers}) == 1
    # The market that is simulated meanwhile changes nothing of what these tell.
    assert ["kept" in one.headers["server-timing"] for one in answers].count(True) >= 4
