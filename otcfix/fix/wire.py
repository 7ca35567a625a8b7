"""The value types of FIX: strict readers from text, and the reject each broken value asks for."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from otcfix.model.time import EPOCH, SECOND, Instant

SOH = "\x01"

# Values of the field SessionRejectReason, tag 373.
REQUIRED_TAG_MISSING = 1
VALUE_IS_INCORRECT = 5
INCORRECT_DATA_FORMAT = 6
INVALID_APPL_VER_ID = 18

DIGITS_MAX = 18
YEAR_MIN, YEAR_MAX = 1970, 9998
ID_MAX = 64

_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)\Z", re.ASCII)
_ID = re.compile(r"[ -~]{1,64}\Z")
_DATE = re.compile(r"\d{8}\Z", re.ASCII)
_TIMESTAMP = re.compile(r"(\d{8}-\d\d:\d\d):(\d\d)(?:\.(\d{1,12}))?Z?\Z", re.ASCII)


class WireError(Exception):
    """The message breaks FIX: SessionRejectReason(373), RefTagID(371) and words for Text(58)."""

    def __init__(self, reason: int, tag: int, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.tag = tag
        self.text = text


def read_decimal(tag: int, value: str) -> Decimal:
    """Read a FIX float exactly (A17).

    Errors: WireError 373=6 for NaN, exponents, plus signs; 373=5 beyond 18 digits on a side.
    """
    if not _NUMBER.match(value):
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a plain decimal number")
    whole, _, fraction = value.lstrip("-").partition(".")
    if len(whole) > DIGITS_MAX or len(fraction) > DIGITS_MAX:
        raise WireError(VALUE_IS_INCORRECT, tag, f"{tag} has more than {DIGITS_MAX} digits")
    return Decimal(value)


def read_int(tag: int, value: str) -> int:
    """Read a FIX int of at most 18 digits. Errors: WireError 373=6."""
    digits = value[1:] if value[:1] == "-" else value
    if not digits.isascii() or not digits.isdigit() or len(digits) > DIGITS_MAX:
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not an integer")
    return int(value)


def read_id(tag: int, value: str) -> str:
    """Read an identifier: 1 to 64 printable ASCII characters (rules.md 2.11), else 373=5."""
    if not _ID.match(value):
        raise WireError(
            VALUE_IS_INCORRECT, tag, f"{tag} must be 1 to {ID_MAX} printable ASCII characters"
        )
    return value


@lru_cache(maxsize=64)
def _minute(text: str) -> Instant:
    moment = datetime.strptime(text, "%Y%m%d-%H:%M").replace(tzinfo=UTC)
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError(text)  # nothing on a desk happens then, and not every engine reads it
    return int((moment - EPOCH).total_seconds()) * SECOND


def read_timestamp(tag: int, value: str) -> Instant:
    """Read a UTCTimestamp; digits finer than a microsecond are cut off. Errors: 373=6."""
    found = _TIMESTAMP.match(value)
    if not found:
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a UTCTimestamp")
    minute, second, fraction = found.groups()
    try:
        start = _minute(minute)
    except ValueError:
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a UTCTimestamp") from None
    seconds = int(second)
    if seconds > 60:  # 60 is a leap second
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a UTCTimestamp")
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    return start + seconds * SECOND + micros


def read_date(tag: int, value: str) -> date:
    """Read a LocalMktDate. Errors: WireError 373=6."""
    if not _DATE.match(value):
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a LocalMktDate")
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise WireError(INCORRECT_DATA_FORMAT, tag, f"{tag} is not a date") from None


def readable(text: str) -> str:
    """*text* with every byte that is no UTF-8 written out (`\\xff`): it can be journaled then."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plain(value: Decimal) -> str:
    """Write a Decimal as FIX wants it: plain digits, no exponent."""
    return format(value, "f")


def field_of(text: str, tag: int) -> str:
    """One field of a FIX text, "" when absent."""
    start = text.find(f"{SOH}{tag}=")
    if start < 0:
        return ""
    start = text.index("=", start) + 1
    end = text.find(SOH, start)
    return text[start:] if end < 0 else text[start:end]
