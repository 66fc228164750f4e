"""Which sources there are: one line each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def recipe_of(provider: Provider) -> dict[str, Any]:
    """What it takes to make a provider's parser again, for the day its raw bytes are read anew; JSON-serialisable."""
    if isinstance(provider, CsvProvider):
        return {"source": provider.name, "mapping": provider.mapping.model_dump(mode="json", exclude_defaults=True)}
    return {"source": provider.name}


def provider_of_recipe(recipe: Mapping[str, Any], *, sim_seed: int) -> Provider:
    """The provider of a recipe.

    Raises:
        NotFoundError: there is no such source any more.
    """
    if "mapping" in recipe:
        return CsvProvider(CsvMapping.model_validate(recipe["mapping"]))
    return provider_named(build_providers(sim_seed=sim_seed), str(recipe["source"]))
