"""Whole answers as bytes, each with the versions it was read at: served again while those are the present ones."""

import hashlib
from dataclasses import dataclass, field

from mktdash.content_negotiation import IDENTITY
from mktdash.graphql.answer_cache.dependence import Reading
from mktdash.graphql.transport.compression import LEAST_BYTES, compressed
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache
from mktdash.store.live.topic_versions import Versions

# The digest of the document, its variables as sorted JSON, the operation's name, and what the principal may see.
AnswerKey = tuple[bytes, bytes, str, int]

_OVERHEAD = 1_000


@dataclass(slots=True)
class Answer:
    """A body and what it holds for.

    Attributes:
        topics: the versions that count.
        families: topics whose names begin with these count too.
        versions: as they were before it was read.
        until: microseconds from which it no longer holds; None for never.
    """

    body: bytes
    topics: frozenset[str]
    families: tuple[str, ...]
    versions: Versions
    until: int | None
    tag: str
    _encoded: dict[str, bytes] = field(default_factory=dict)
    # The heads that go before it, by how it was asked for; as ``capture`` makes them.
    heads: dict[tuple[str, str, str], list[tuple[bytes, bytes]]] = field(default_factory=dict)
    # The versions last compared: the watch gives the same object while nothing changes.
    _proved: Versions | None = None

    def is_current(self, now: Versions, instant: int) -> bool:
        """Whether this is what would be answered at those versions and that instant."""
        if self.until is not None and instant >= self.until:
            return False
        if now is self._proved:
            return True
        same = all(now.get(topic) == self.versions.get(topic) for topic in self.topics)
        if same and self.families:
            same = self._of_families(now) == self._of_families(self.versions)
        if same:
            self._proved = now
        return same

    def is_at_least_as_new_as(self, asked: Versions, instant: int) -> bool:
        """Whether it was read no earlier than those versions were: versions only grow."""
        if self.until is not None and instant >= self.until:
            return False
        topics = self.topics.union(self._of_families(asked))
        return all(self.versions.get(topic, 0) >= asked.get(topic, 0) for topic in topics)

    def _of_families(self, versions: Versions) -> Versions:
        return {topic: version for topic, version in versions.items() if topic.startswith(self.families)}

    @property
    def weight(self) -> int:
        """Bytes held."""
        return _OVERHEAD + len(self.body) + sum(map(len, self._encoded.values()))

    def encoding(self, wanted: str) -> str:
        """The encoding that this body is sent in."""
        return wanted if len(self.body) >= LEAST_BYTES else IDENTITY

    def ready(self, encoding: str) -> bytes | None:
        """The bytes in an encoding, if they are there already."""
        return self.body if encoding == IDENTITY else self._encoded.get(encoding)

    async def encoded(self, encoding: str) -> bytes:
        """The bytes in an encoding, made once."""
        ready = self.ready(encoding)
        if ready is None:
            ready = self._encoded[encoding] = await compressed(self.body, encoding)
        return ready

    def etag(self, encoding: str) -> str:
        """The strong tag: other bytes, another tag."""
        return f'"{self.tag}"' if encoding == IDENTITY else f'"{self.tag}-{encoding}"'


class AnswerCache:
    """The answers of one process, bounded by their bytes."""

    def __init__(self, most_bytes: int) -> None:
        self.kept: WeightedCache[AnswerKey, Answer] = WeightedCache(most_bytes)

    def get(self, key: AnswerKey) -> Answer | None:
        """The last answer of a key, which may hold or not."""
        return self.kept.get(key)

    def put(self, key: AnswerKey, body: bytes, reading: Reading) -> Answer | None:
        """Keep an answer; None where it must not be kept."""
        dependence = reading.dependence
        if dependence is None or not reading.clean:
            return None
        tag = hashlib.blake2b(body, digest_size=16).hexdigest()
        topics, families = dependence.topics | reading.topics, tuple(dependence.families)
        answer = Answer(body, topics, families, reading.versions, reading.until, tag)
        self.weigh(key, answer)
        return answer

    def weigh(self, key: AnswerKey, answer: Answer) -> None:
        """Count an answer with all the encodings it is held in."""
        self.kept.put(key, answer, answer.weight)
