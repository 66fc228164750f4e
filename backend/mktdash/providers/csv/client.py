"""CSV files by a mapping: any file of dates and numbers, once a mapping says what its columns mean."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from mktdash.domain.clock import Clock
from mktdash.domain.errors import InvalidInputError
from mktdash.domain.instrument import DatasetSpec, SeriesSpec
from mktdash.providers.base import Fetcher, Parsed, Policy, RawPayload, Window
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.providers.reading.table import read_table


class CsvProvider:
    """Files given by hand."""

    name = "csv"
    policy = Policy()

    def __init__(self, mapping: CsvMapping) -> None:
        self.mapping = mapping
        self.datasets: tuple[DatasetSpec, ...] = (mapping.dataset_spec(),)

    @classmethod
    def from_file(cls, path: Path) -> "CsvProvider":
        """The source that a mapping file (JSON or TOML) describes.

        Raises:
            InvalidInputError: it is not a mapping.
        """
        return cls(CsvMapping.read(path))

    def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Nothing can be fetched: files are given.

        Raises:
            InvalidInputError: always.
        """
        del fetcher, window, clock
        raise InvalidInputError("csv can't be fetched: ingest a file with --file", source=self.name)

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read a file by the mapping.

        Raises:
            ProviderFormatError: it lacks the mapped columns, or is no delimited text at all.
        """
        yield from read_table(payload.open, self.mapping.layout())

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series of a symbol in the file."""
        return self.mapping.series_spec(alias) if dataset == self.mapping.dataset else None
