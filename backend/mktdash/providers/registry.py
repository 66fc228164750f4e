"""Which sources there are: one line each."""

from mktdash.domain.errors import NotFoundError
from mktdash.providers.base import Provider
from mktdash.providers.ecb.client import EcbProvider
from mktdash.providers.sim.client import SimProvider


def build_providers(*, sim_seed: int) -> dict[str, Provider]:
    """Every source by name; whether the feed runs it is the setting ``sources``."""
    every: tuple[Provider, ...] = (
        EcbProvider(),
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
