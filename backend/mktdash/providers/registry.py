"""Which sources there are: one line each."""

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


def provider_named(providers: dict[str, Provider], name: str) -> Provider:
    """The source of a name.

    Raises:
        NotFoundError: there is none; the error carries those there are.
    """
    try:
        return providers[name]
    except KeyError:
        known = sorted(providers)
        raise NotFoundError(f"there is no source {name!r}; there are {', '.join(known)}", known=known) from None


def provider_for(name: str, *, sim_seed: int, mapping: Path | None = None) -> Provider:
    """The source of a name; ``csv`` is the one that its mapping describes.

    Raises:
        NotFoundError: there is no such source.
        InvalidInputError: ``csv`` without a mapping, another source with one, or a mapping that is none.
    """
    if name == "csv":
        if mapping is None:
            raise InvalidInputError("csv needs a mapping that says what the file's columns mean", source=name)
        return CsvProvider.from_file(mapping)
    if mapping is not None:
        raise InvalidInputError(f"{name} knows its own columns; only csv takes a mapping", source=name)
    return provider_named(build_providers(sim_seed=sim_seed), name)


# A number moves where the same bytes would be read as other observations: what all parsers share (delimited text,
# dates, numerals, the rules of ``ingest.validate``), and what one source does of its own (1 where it is not named).
_SHARED_READING = 1
_OWN_READING: Mapping[str, int] = {}


def reading_of(source: str) -> str:
    """The version of what reads a source's bytes: ``1.1``."""
    return f"{_SHARED_READING}.{_OWN_READING.get(source, 1)}"


def recipe_of(provider: Provider) -> dict[str, Any]:
    """How a provider reads, for the day its raw bytes are read anew; JSON-serialisable.

    A mapping is kept whole: a default that changes later must not change what an old file says.
    """
    recipe: dict[str, Any] = {"source": provider.name, "reading": reading_of(provider.name)}
    if isinstance(provider, CsvProvider):
        recipe["mapping"] = provider.mapping.model_dump(mode="json")
    return recipe


def provider_of_recipe(recipe: Mapping[str, Any], *, anew: bool = False) -> Provider:
    """The provider of a recipe.

    Args:
        recipe: what :func:`recipe_of` made.
        anew: take the present reading of that source, whatever the recipe says.

    Raises:
        NotFoundError: this version has no such reading: another one must not stand in for it.
    """
    # Before readings had numbers, parsers changed; what does not say how it was read is nobody's to read again.
    source, reading = str(recipe["source"]), str(recipe.get("reading", "0"))
    if not anew and reading != reading_of(source):
        raise NotFoundError(
            f"it was read by reading {reading} of {source}, and this version has {reading_of(source)}",
            source=source,
            reading=reading,
            known=reading_of(source),
        )
    if "mapping" not in recipe:
        # Only what it sends hangs on the seed of the simulated market, not how that is read.
        return provider_named(build_providers(sim_seed=0), source)
    try:
        return CsvProvider(CsvMapping.model_validate(recipe["mapping"]))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotFoundError(
            f"it was read by a mapping that this version does not know ({place}: {first['msg']})", source=source
        ) from None
