"""Every provider, one line each, and the parser version that a batch carries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.providers.base import Provider
from mktdash.providers.binance.client import BinanceProvider
from mktdash.providers.cboe.client import CboeProvider
from mktdash.providers.coinbase.client import CoinbaseProvider
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.providers.ecb.client import EcbProvider
from mktdash.providers.fred.client import FredProvider
from mktdash.providers.kraken.client import KrakenProvider
from mktdash.providers.sim.client import SimProvider
from mktdash.providers.treasury.client import TreasuryProvider
from mktdash.providers.yahoo.client import YahooProvider


def build_providers(*, sim_seed: int) -> dict[str, Provider]:
    """Every source by name; whether the feed runs it is the setting ``sources``."""
    every: tuple[Provider, ...] = (
        EcbProvider(),
        TreasuryProvider(),
        FredProvider(),
        CboeProvider(),
        KrakenProvider(),
        CoinbaseProvider(),
        BinanceProvider(),
        YahooProvider(),
        SimProvider(sim_seed),
    )
    return {provider.name: provider for provider in every}


def provider_named(providers: Mapping[str, Provider], name: str) -> Provider:
    """The source of a name.

    Raises:
        NotFoundError: there is none; the error carries those there are.
    """
    try:
        return providers[name]
    except KeyError:
        known = sorted(providers)
        raise NotFoundError(f"unknown source {name!r}; known: {', '.join(known)}", known=known) from None


def provider_for(name: str, *, sim_seed: int, mapping: Path | None = None) -> Provider:
    """The source of a name; ``csv`` is the one that its mapping describes.

    Raises:
        NotFoundError: there is no such source.
        InvalidInputError: ``csv`` without a mapping, another source with one, or a mapping that is none.
    """
    if name == "csv":
        if mapping is None:
            raise InvalidInputError(
                "csv needs a mapping (--mapping): a file that says what the columns mean", source=name
            )
        return CsvProvider.from_file(mapping)
    if mapping is not None:
        raise InvalidInputError(f"only csv takes a mapping; the columns of {name} are known", source=name)
    return provider_named(build_providers(sim_seed=sim_seed), name)


# A number grows when the same bytes would give other observations: the first by what all parsers share (delimited text,
# dates, numbers, ``ingest.validate``), the second by one source's own parser (1 where it is not named).
_SHARED_VERSION = 1
_OWN_VERSION: Mapping[str, int] = {}


def parser_version(source: str) -> str:
    """The version of a source's parser: ``1.1``."""
    return f"{_SHARED_VERSION}.{_OWN_VERSION.get(source, 1)}"


def describe_parser(provider: Provider) -> dict[str, Any]:
    """The source, parser version and mapping that a batch is stored with, to reparse it by; JSON-serialisable.

    A mapping is stored with its defaults: one that changes later must not change an old file's values.
    """
    parser: dict[str, Any] = {"source": provider.name, "reading": parser_version(provider.name)}
    if isinstance(provider, CsvProvider):
        parser["mapping"] = provider.mapping.model_dump(mode="json")
    return parser


def provider_for_parser(parser: Mapping[str, Any], *, current: bool = False) -> Provider:
    """The provider that parses as a batch was parsed.

    Args:
        parser: what :func:`describe_parser` made.
        current: take the source's current parser, whatever version is named.

    Raises:
        NotFoundError: this version of mktdash does not have that parser version, and no other may stand in for it.
    """
    # Batches from before parsers had versions name none: nobody can say which parser they had.
    source, version = str(parser["source"]), str(parser.get("reading", "0"))
    if not current and version != parser_version(source):
        raise NotFoundError(
            f"it was parsed by version {version} of the {source} parser, and this mktdash has {parser_version(source)}",
            source=source,
            version=version,
            known=parser_version(source),
        )
    if "mapping" not in parser:
        # The seed decides what the simulated market sends, not how that is parsed.
        return provider_named(build_providers(sim_seed=0), source)
    try:
        return CsvProvider(CsvMapping.model_validate(parser["mapping"]))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotFoundError(
            f"it was parsed by a mapping that this version does not know ({place}: {first['msg']})", source=source
        ) from None
