"""The pairs that mktdash takes from Kraken, which has three names for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair: as the WebSocket names it, as REST is asked for it, and as REST answers."""

    symbol: str
    name: str
    currency: str | None
    unit: str
    asked: str
    answered: str


PAIRS = {
    "BTC/USD": Pair("BTC-USD", "Bitcoin / US dollar", "USD", "USD", "XBTUSD", "XXBTZUSD"),
    "ETH/USD": Pair("ETH-USD", "Ether / US dollar", "USD", "USD", "ETHUSD", "XETHZUSD"),
    "BTC/USDT": Pair("BTC-USDT", "Bitcoin / Tether", None, "USDT", "XBTUSDT", "XBTUSDT"),
}

# What is asked for without being asked; the others are understood where they come.
DEFAULT = ("BTC/USD", "ETH/USD")

_BY_ANSWER = {name: alias for alias, pair in PAIRS.items() for name in (pair.answered, pair.asked, alias)}


def alias_of(name: str) -> str:
    """The WebSocket's name of a pair, by any of its names; an unknown one stays as it is."""
    return _BY_ANSWER.get(name, name)
