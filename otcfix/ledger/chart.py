"""The chart of accounts: who owns an account, of which kind, and how low it may go.

Names are `owner:kind:asset`. A balance is credits minus debits, so what the desk owes a client is
positive and what the desk's custody or bank account holds is negative.
"""

from functools import lru_cache

from otcfix.model.ledger import Account

AVAILABLE = "available"
HELD = "held"
RECEIVABLE = "receivable"
PAYABLE = "payable"
CLIENT_KINDS = (AVAILABLE, HELD, RECEIVABLE, PAYABLE)

DESK = "desk"
POSITION = "position"
PNL = "pnl"
FEES = "fees"

CLIENT_PREFIX = "client/"
VENUE_PREFIX = "venue/"


def client_account(client_id: str, kind: str, asset: str) -> str:
    """Name a client's account."""
    return f"client/{client_id}:{kind}:{asset}"


@lru_cache(maxsize=65_536)
def purse(client_id: str, asset: str) -> tuple[str, str, str, str]:
    """The four accounts of a client in one asset: available, held, receivable, payable."""
    available, held, receivable, payable = (
        client_account(client_id, kind, asset) for kind in CLIENT_KINDS
    )
    return available, held, receivable, payable


def desk_account(kind: str, asset: str) -> str:
    """Name one of the desk's own accounts: position, pnl or fees."""
    return f"desk:{kind}:{asset}"


def venue_account(venue: str, asset: str) -> str:
    """Name the account for what a bank, custodian or venue holds for the desk."""
    return f"venue/{venue}:custody:{asset}"


def describe(name: str, settlement_limit: int = 0) -> Account:
    """Return the Account behind *name*.

    settlement_limit: minor units that a client's available account may go below zero (R20).
    Errors: ValueError when the name is not of the chart.
    """
    owner, kind, asset = name.rsplit(":", 2)
    floor: int | None = None
    if owner.startswith(CLIENT_PREFIX):
        if kind not in CLIENT_KINDS:
            raise ValueError(f"{name}: no client account of kind {kind}")
        floor = {AVAILABLE: -settlement_limit, PAYABLE: None}.get(kind, 0)
    return Account(name, owner, kind, asset, floor)
