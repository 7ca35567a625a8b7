"""What streaming tests ask for."""

from decimal import Decimal

from otcfix.model.pricing import StreamTerms
from tests.support.client import Client

ONE_AND_THREE = (Decimal(1), Decimal(3))
TERMS = StreamTerms(sizes=(("BTC/USD", ONE_AND_THREE), ("ETH/USD", (Decimal(10),))))
"""Ladders of 1 and 3 BTC, and of 10 ETH."""


def asks(client: Client, name: str = "M1", **fields: str) -> None:
    """A MarketDataRequest for both sides of BTC/USD, but for *fields* (t263="0")."""
    given = {262: name, 263: "1", 264: "0"}
    given |= {int(tag[1:]): value for tag, value in fields.items() if tag[1:].isdecimal()}
    line = "|".join(f"{tag}={value}" for tag, value in given.items())
    types = fields.get("types", "267=2|269=0|269=1")
    symbols = fields.get("symbols", "146=1|55=BTC/USD")
    client.C(f"35=V|{line}|{types}|{symbols}")
