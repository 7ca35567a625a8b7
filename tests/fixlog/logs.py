"""Logs for the tests, made here: small ones of each make."""

import os
from pathlib import Path

from otcfix.fixlog.fields import framed
from tests.support.desk_process import ROOT

SHARED = Path(os.environ.get("OTCFIX_FIXLOGS") or ROOT / "../shared/data/fixlogs")
"""Logs that others recorded, beside the repository; tests of them are skipped without."""


def message(body: str, begin: str = "FIX.4.4") -> bytes:
    """A message of that body, written with | between the fields."""
    text = body if body.endswith("|") else body + "|"
    return framed(begin.encode(), text.replace("|", "\x01").encode("utf-8"))


def numbered(
    number: int, kind: str = "0", more: str = "", sender: str = "A", to: str = "B"
) -> bytes:
    """A message with a header; its time follows from its number."""
    header = f"35={kind}|34={number}|49={sender}|52=20260102-10:00:{number % 60:02d}.000|56={to}|"
    return message(header + more)


LOGON = numbered(1, "A", "98=0|108=30|")
ORDER = numbered(2, "D", "11=C1|55=BTC/USD|54=1|60=20260102-10:00:02|38=1|40=2|44=100.5|")
FILL = numbered(
    2, "8", "37=O1|11=C1|17=E1|150=F|39=2|55=BTC/USD|54=1|31=100.5|32=1|14=1|151=0|", "B", "A"
)
