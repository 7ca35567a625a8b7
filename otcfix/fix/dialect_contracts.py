"""Quantities in contracts: how many of a client's units an amount of ours is, and the other way."""

from collections.abc import Callable
from decimal import Context, Decimal

from otcfix.fix.dialect_tables import CURRENCY, QUANTITY, SYMBOL
from otcfix.fix.fields import Fields
from otcfix.fix.wire import REQUIRED_TAG_MISSING, VALUE_IS_INCORRECT, WireError, read_decimal
from otcfix.model.dialect import Contract

_EXACT = Context(prec=80)

Mark = tuple[int, Fields, int]
"""SYMBOL, CURRENCY or QUANTITY, and where it stands: a list of fields and a place in it."""

IN_ENTRIES = 271
"""MDEntrySize: there is one in each entry of a book, and each says its own Currency(15)."""

ContractOf = Callable[[str], Contract | None]
"""The contract of a symbol as the client calls it; "" asks for one that all symbols have."""


def count_contracts(
    contract_of: ContractOf,
    base_of: Callable[[str], str],
    marks: list[Mark],
    *,
    inward: bool,
    currency: int,
) -> None:
    """Change the quantities of each entry, or of the message, by its own symbol.

    inward: contracts become amounts and Currency(15) is said, else the other way; what is told and
    counts another currency than the contract stays as it is, and says of what it is. base_of: the
    base of a symbol; currency: the tag that says 15, 0 where none does. Nothing is rounded.
    Errors: WireError where a quantity has no symbol, or another currency.
    """
    blocks: list[list[Mark]] = [[]]
    has_symbol = False
    for mark in marks:
        if mark[0] == SYMBOL:
            if has_symbol:
                blocks.append([])
            has_symbol = True
        blocks[-1].append(mark)
    changed: list[tuple[Fields, int, Fields]] = []
    for block in blocks:
        if inward:
            changed += _amounts(contract_of, block)
        else:
            changed += _contracts(contract_of, base_of, block, currency)
    for where, place, instead in sorted(changed, key=lambda one: -one[1]):
        where[place : place + 1] = instead


Change = tuple[Fields, int, Fields]
"""A list of fields, a place in it, and what stands there instead."""


def _parts(block: list[Mark]) -> tuple[str, list[Mark], list[Mark]]:
    """The symbol of a block ("" for none), its quantities, its currencies."""
    symbols = [where[place][1] for kind, where, place in block if kind == SYMBOL]
    quantities = [mark for mark in block if mark[0] == QUANTITY]
    currencies = [mark for mark in block if mark[0] == CURRENCY]
    return symbols[0] if symbols else "", quantities, currencies


def _amounts(contract_of: ContractOf, block: list[Mark]) -> list[Change]:
    """Contracts of the client as amounts."""
    symbol, quantities, currencies = _parts(block)
    contract = contract_of(symbol)
    if contract is None:
        if quantities and not any(mark[0] == SYMBOL for mark in block):
            why = "a quantity in contracts without its symbol"
            raise WireError(REQUIRED_TAG_MISSING, 55, why)
        return []
    changed: list[Change] = []
    for number, (_, where, place) in enumerate(quantities):
        tag, value = where[place]
        made = _EXACT.multiply(read_decimal(tag, value), contract.size)
        instead = [(tag, f"{_plain(made):f}")]
        if not number and not currencies:
            instead.append((15, contract.currency))
        changed.append((where, place, instead))
    for _, where, place in currencies if quantities else ():
        if where[place][1] != contract.currency:
            why = f"quantities are counted in {contract.currency} here"
            raise WireError(VALUE_IS_INCORRECT, 15, why)
    return changed


def _contracts(
    contract_of: ContractOf, base_of: Callable[[str], str], block: list[Mark], currency: int
) -> list[Change]:
    """Amounts of ours as contracts, without their Currency(15)."""
    symbol, quantities, currencies = _parts(block)
    contract = contract_of(symbol)
    if contract is None or not quantities:
        return []
    if any(where[place][1] != contract.currency for _, where, place in currencies):
        return []  # it says itself what it counts
    base = base_of(symbol)
    if not currencies and base and base != contract.currency:
        if not currency:
            return []
        entries = [mark for mark in quantities if mark[1][mark[2]][0] == IN_ENTRIES]
        return [
            (where, place, [(currency, base), where[place]])
            for _, where, place in entries or quantities[:1]
        ]
    changed: list[Change] = []
    for _, where, place in quantities:
        tag, value = where[place]
        made = _EXACT.divide(Decimal(value), contract.size)
        changed.append((where, place, [(tag, f"{_plain(made):f}")]))
    return changed + [(where, place, []) for _, where, place in currencies]


def _plain(value: Decimal) -> Decimal:
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize(_EXACT)
