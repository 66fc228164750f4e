"""One supervisor a home."""

import json
import os

import pytest

from mktdash.supervisor import home as home_module
from mktdash.supervisor.home import CannotStartError, claim


async def test_a_second_claim_is_told_who_holds_the_home_and_where(tmp_path):
    # given
    async with claim(tmp_path / "home", "http://127.0.0.1:8000/"):
        # when / then
        with pytest.raises(CannotStartError, match=f"process {os.getpid()}, http://127.0.0.1:8000/"):
            async with claim(tmp_path / "home", "http://127.0.0.1:9000/"):
                pass


async def test_a_home_given_up_can_be_claimed_again_and_is_private(tmp_path):
    # given
    async with claim(tmp_path / "home", "first"):
        pass
    # when
    async with claim(tmp_path / "home", "second"):
        noted = json.loads((tmp_path / "home" / "up.lock").read_text())
    # then
    assert noted == {"pid": os.getpid(), "url": "second"}
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


async def test_the_claim_waits_for_what_a_dead_supervisor_left(tmp_path, monkeypatch):
    # given: a claim whose holder is no more, still kept by its guard for a moment
    first = claim(tmp_path, "old")
    await first.__aenter__()
    (tmp_path / "up.lock").write_text(json.dumps({"pid": 2**22 + 1, "url": "old"}))
    waits = []

    async def guard_ends(seconds):
        waits.append(seconds)
        await first.__aexit__(None, None, None)

    monkeypatch.setattr(home_module.asyncio, "sleep", guard_ends)
    # when
    async with claim(tmp_path, "new"):
        pass
    # then
    assert len(waits) == 1


async def test_a_claim_that_waits_says_so_once_and_does_not_wait_for_ever(tmp_path):
    # given: a claim whose holder is no more, and whose guard does not end
    async with claim(tmp_path, "old"):
        (tmp_path / "up.lock").write_text(json.dumps({"pid": 2**22 + 1, "url": "old"}))
        said = []
        # when
        with pytest.raises(CannotStartError, match=r"processes of an earlier start on .* have not ended"):
            async with claim(tmp_path, "new", lambda: said.append("waiting"), say_after=-1, give_up_after=0.2):
                pass
    # then
    assert said == ["waiting"]


async def test_a_home_that_is_a_file_is_said_in_one_sentence(tmp_path):
    # given
    (tmp_path / "home").write_text("")
    # when / then
    with pytest.raises(CannotStartError, match=r"cannot be used .* choose another with MKTDASH_HOME"):
        async with claim(tmp_path / "home", ""):
            pass
