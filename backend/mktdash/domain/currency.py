"""Currencies by their ISO 4217 codes, and the units that markets quote in which are a hundredth of one."""

# The alphabetic codes of ISO 4217 in use (2026), with those that history still quotes.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV
    WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT YER ZAR ZMW ZWG
    ANG BGN CYP DEM EEK ESP FRF GRD HRK ITL LTL LVL MTL NLG ROL SIT SKK TRL BEF ATS PTE FIM IEP LUF
    """.split()  # noqa: SIM905 - one name a line would be three pages
)

# Not ISO codes: what exchanges write where prices are in a hundredth of the currency; and what others write for it.
MINOR_UNITS = {
    "GBX": ("GBP", 0.01),
    "GBp": ("GBP", 0.01),
    "ZAC": ("ZAR", 0.01),
    "ZAc": ("ZAR", 0.01),
    "ILA": ("ILS", 0.01),
    "USX": ("USD", 0.01),
}
_OTHER_NAMES = {"GBp": "GBX", "ZAc": "ZAC"}


def scale_of(unit: str) -> float:
    """What a value in this unit is multiplied by for the base unit: 0.01 for GBX, 1 for all that is no such unit."""
    return MINOR_UNITS[unit][1] if unit in MINOR_UNITS else 1.0


def canonical_unit(unit: str) -> str:
    """The one name of a unit that has several: GBX for GBp."""
    return _OTHER_NAMES.get(unit, unit)
