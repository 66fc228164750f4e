"""The currencies the ECB quotes or has quoted against the euro, by the names it gives them."""

# Quoted on every session since 1999: an answer without one of these is not the ECB's file.
ALWAYS_QUOTED = frozenset({"USD", "JPY", "GBP", "CHF"})

NAMES = {
    "AUD": "Australian dollar",
    "BGN": "Bulgarian lev",  # until 2025-12-31, then the euro
    "BRL": "Brazilian real",
    "CAD": "Canadian dollar",
    "CHF": "Swiss franc",
    "CNY": "Chinese yuan renminbi",
    "CYP": "Cyprus pound",  # until 2007-12-31, then the euro
    "CZK": "Czech koruna",
    "DKK": "Danish krone",
    "EEK": "Estonian kroon",  # until 2010-12-31, then the euro
    "GBP": "Pound sterling",
    "HKD": "Hong Kong dollar",
    "HRK": "Croatian kuna",  # until 2022-12-30, then the euro
    "HUF": "Hungarian forint",
    "IDR": "Indonesian rupiah",
    "ILS": "Israeli shekel",
    "INR": "Indian rupee",
    "ISK": "Icelandic krona",  # not quoted from December 2008 to January 2018
    "JPY": "Japanese yen",
    "KRW": "South Korean won",
    "LTL": "Lithuanian litas",  # until 2014-12-31, then the euro
    "LVL": "Latvian lats",  # until 2013-12-31, then the euro
    "MTL": "Maltese lira",  # until 2007-12-31, then the euro
    "MXN": "Mexican peso",
    "MYR": "Malaysian ringgit",
    "NOK": "Norwegian krone",
    "NZD": "New Zealand dollar",
    "PHP": "Philippine peso",
    "PLN": "Polish zloty",
    "ROL": "Romanian leu (before 2005)",
    "RON": "Romanian leu",
    "RUB": "Russian rouble",  # suspended on 2022-03-01
    "SEK": "Swedish krona",
    "SGD": "Singapore dollar",
    "SIT": "Slovenian tolar",  # until 2006-12-31, then the euro
    "SKK": "Slovak koruna",  # until 2008-12-31, then the euro
    "THB": "Thai baht",
    "TRL": "Turkish lira (before 2005)",
    "TRY": "Turkish lira",
    "USD": "US dollar",
    "ZAR": "South African rand",
}
