"""Trusted documents: operations known before anyone asks, such as the page's own, each named by its text's hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mktdash.domain.errors import BadRequestError, UnknownDocumentError, UntrustedDocumentError
from mktdash.graphql.vocabulary.json import decode

_PREFIX = "sha256:"


def document_id(text: str) -> str:
    """The name of a text: ``sha256:`` and the hash of its UTF-8 bytes in hex."""
    return _PREFIX + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """The documents by id; with ``only``, no others are run."""

    texts: Mapping[str, str] = field(default_factory=dict)
    only: bool = False

    def text(self, query: str | None, wanted: str | None) -> str:
        """The text to run, of a request that gives it or names it.

        Raises:
            BadRequestError: it does neither, or both.
            UnknownDocumentError: no trusted document has this id.
            UntrustedDocumentError: the text is none of those that alone are run here.
        """
        if query and wanted:
            raise BadRequestError("give the query or its documentId, not both", argument="documentId")
        if wanted:
            known = self.texts.get(wanted)
            if known is None:
                raise UnknownDocumentError("no trusted document has this id", documentId=wanted[:100])
            return known
        if not query:
            raise BadRequestError("the request has no query", argument="query")
        if self.only and document_id(query) not in self.texts:
            raise UntrustedDocumentError("this server runs trusted documents only: send a documentId")
        return query


def read_trusted(manifest: Path, *, only: bool) -> TrustedDocuments:
    """The documents of a manifest, a JSON object of texts by id; none where there is no file and others run as well.

    Raises:
        OSError: it can't be read, and nothing else may run.
        ValueError: it is no such object, or a text does not have the hash it goes by.
    """
    if not only and not manifest.is_file():
        return TrustedDocuments()
    texts = decode(manifest.read_bytes())
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{manifest.name} must be one JSON object of texts by id")
    for name, text in texts.items():
        if document_id(text) != name:
            raise ValueError(f"{manifest.name}: the text under {name} has another hash")
    return TrustedDocuments(texts, only)
