"""What mktdash takes from Yahoo: its symbols, and the instruments that they stand for."""

from mktdash.domain.instrument import AssetClass, InstrumentSpec

_INDEX, _SHARE = AssetClass.INDEX, AssetClass.EQUITY
SYMBOLS = {
    "^GSPC": InstrumentSpec("SPX", "S&P 500", _INDEX),
    "^VIX": InstrumentSpec("VIX", "Cboe Volatility Index", _INDEX),
    "AAPL": InstrumentSpec("AAPL", "Apple Inc.", _SHARE, currency="USD", mic="XNAS"),
    "MSFT": InstrumentSpec("MSFT", "Microsoft Corporation", _SHARE, currency="USD", mic="XNAS"),
}
