"""How long the web process waits for whom. One frozen value, so that tests may be more patient, or less."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebTimes:
    """Durations in seconds.

    Attributes:
        first_byte: from the connection to the first byte of a request.
        request: from a request's first byte to its last; the largest body takes 10 s at 26 kB/s.
        refused: how long a sender who was refused goes on being heard, so that it comes to read why.
        introduction: how long a new WebSocket may take to say who it is.
        limits: how long Redis may take to count a request before this process counts by itself.
        file_limit: how long a Redis that hangs may hold up a download; it is then left alone for a while.
        health: how long the database and Redis may take to answer a look at health.
        shared_read: how long a read of versions or credentials may take, which many wait for.
        revocation: how often it is looked whether tokens with open streams are still good.
        use_gathered, use_noted: how late, and how seldom for one token, its last use is written down.
    """

    first_byte: float = 20.0
    request: float = 20.0
    refused: float = 2.0
    introduction: float = 10.0
    limits: float = 0.25
    file_limit: float = 0.5
    health: float = 3.0
    shared_read: float = 5.0
    revocation: float = 1.0
    use_gathered: float = 2.0
    use_noted: float = 60.0


USUAL = WebTimes()
