"""What the writers of messages share: a body field by field, and a reply in words.

A body is `tag=value` fields with SOH behind each; header and trailer belong to the session.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from otcfix.fix.pieces import printable
from otcfix.fix.wire import SOH
from otcfix.model.instrument import Instrument

V42, V44, V50 = "FIX.4.2", "FIX.4.4", "FIX.5.0SP2"

Instruments = Mapping[str, Instrument]


class Rendered(NamedTuple):
    """A reply in words: MsgType(35), the body, ExecID(17) or "", whether it is a price (R10)."""

    msg_type: str
    body: str
    exec_id: str = ""
    price: bool = False


class Body:
    """Collects fields; absent values (None, "") are left out."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[str] = []

    def add(self, tag: int, value: str | int | None) -> None:
        """Add one field, unless its value is absent."""
        if value is not None and value != "":
            self.parts.append(f"{tag}={value}{SOH}")

    def number(self, tag: int, value: Decimal | None) -> None:
        """Add one Decimal in plain digits, unless it is absent."""
        if value is not None:
            self.parts.append(f"{tag}={value:f}{SOH}")

    def text(self, value: str) -> None:
        """Text(58): printable, bounded."""
        if value:
            self.parts.append(f"58={printable(value)}{SOH}")

    def __str__(self) -> str:
        return "".join(self.parts)
