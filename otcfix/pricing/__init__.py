"""Two-way prices for a client, from stamped rates. Pure; `price` is the one way in."""

from otcfix.pricing.price import (
    Priced,
    Reference,
    client_side,
    largest,
    price,
    reference,
    shown,
)

__all__ = ["Priced", "Reference", "client_side", "largest", "price", "reference", "shown"]
