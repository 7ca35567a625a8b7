"""The nouns of the ledger. An account's balance is its credits minus its debits."""

from msgspec import Struct

from otcfix.model.errors import InvariantBroken
from otcfix.model.money import AMOUNT_MAX


class Transfer(Struct, frozen=True, gc=False, array_like=True):
    """One debit account, one credit account, one asset, one positive amount in minor units.

    code says why: base_leg, terms_leg, spread, fee, hold, release, deposit, withdrawal,
    value_date, hedge_base, hedge_terms, hedge_spread; base_reversed, terms_reversed,
    spread_reversed, fee_reversed of a bust. Never updated, never deleted (law 3).
    """

    debit: str
    credit: str
    asset: str
    amount: int
    code: str

    def __post_init__(self) -> None:
        if not 0 < self.amount <= AMOUNT_MAX or self.debit == self.credit:
            raise InvariantBroken(f"not a transfer: {self!r}")


class Account(Struct, frozen=True, gc=False, array_like=True):
    """An account of the chart. floor is the lowest balance allowed, None for no floor."""

    name: str
    owner: str
    kind: str
    asset: str
    floor: int | None


class Obligation(Struct, frozen=True, gc=False, array_like=True):
    """What *client_id* is owed (positive) or owes (negative) of *asset* on *value_date*.

    amount in minor units; it moves from receivable or payable to available on ValueDateReached.
    """

    client_id: str
    asset: str
    amount: int
    value_date: str
