"""A port that cannot be had is said in a sentence that names one that can."""

import re
import socket

import pytest

from mktdash.supervisor.home import CannotStartError
from mktdash.supervisor.port import free_port


def test_a_free_port_is_itself_and_zero_is_any():
    # given
    any_port = free_port("127.0.0.1", 0)
    # when / then
    assert any_port > 1023
    assert free_port("127.0.0.1", any_port) == any_port


def test_a_port_in_use_names_the_port_and_one_that_is_free():
    # given
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        # when
        with pytest.raises(CannotStartError) as caught:
            free_port("127.0.0.1", port)
    # then
    said = re.fullmatch(
        rf"port {port} on 127.0.0.1 is in use by another program; .*: PORT=(\d+) make run\.", str(caught.value)
    )
    assert said is not None
    assert free_port("127.0.0.1", int(said[1])) == int(said[1])


def test_an_address_of_another_machine_is_said():
    # given / when / then
    with pytest.raises(CannotStartError, match="is not an address of this machine"):
        free_port("192.0.2.1", 0)
