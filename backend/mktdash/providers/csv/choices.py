"""The values that a mapping can choose from: date formats, encodings, delimiters."""

from typing import Annotated, Literal

from pydantic import Field

DateFormat = Literal[
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "YYYYMMDD",
    "MM/DD/YYYY",
    "DD/MM/YYYY",
    "MM-DD-YYYY",
    "DD-MM-YYYY",
    "DD.MM.YYYY",
    "DD-MON-YYYY",
    "MON-DD-YYYY",
    "MON-YYYY",
    "YYYY-MM",
    "YYYY-QN",
    "YYYY",
    "ISO-TIME",
    "UNIX",
    "UNIX-MS",
    "UNIX-US",
    "UNIX-NS",
    "EXCEL",
]
Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "iso-8859-2",
    "iso-8859-15",
    "cp1250",
    "cp1251",
    "cp1252",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-kr",
]
OneMark = Annotated[str, Field(pattern=r"^[ -~\t]$")]
Text = Annotated[str, Field(max_length=200)]
