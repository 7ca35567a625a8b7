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

ContractOf = Callable[[str], Contract | None]
"""The contract of a symbol as the client calls it; "" asks for one that all symbols have."""


def count_contracts(contract_of: ContractOf, marks: list[Mark], *, inward: bool) -> None:
    """Change the quantities of each entry, or of the message, by its own symbol.

    inward: contracts become amounts and Currency(15) is said, else the other way. Nothing is
    rounded. Errors: WireError where a quantity has no symbol, or another currency.
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
        changed += _counted(contract_of, block, inward)
    for where, place, instead in sorted(changed, key=lambda one: -one[1]):
        where[place : place + 1] = instead


def _counted(
    contract_of: ContractOf, block: list[Mark], inward: bool
) -> list[tuple[Fields, int, Fields]]:
    quantities = [mark for mark in block if mark[0] == QUANTITY]
    symbols = [mark[1][mark[2]][1] for mark in block if mark[0] == SYMBOL]
    currencies = [mark for mark in block if mark[0] == CURRENCY]
    contract = contract_of(symbols[0] if symbols else "")
    if inward and quantities and not symbols and contract is None:
        raise WireError(REQUIRED_TAG_MISSING, 55, "a quantity in contracts without its symbol")
    if contract is None:
        return []
    changed: list[tuple[Fields, int, Fields]] = []
    for number, (_, where, place) in enumerate(quantities):
        tag, value = where[place]
        amount = read_decimal(tag, value) if inward else Decimal(value)
        made = (_EXACT.multiply if inward else _EXACT.divide)(amount, contract.size)
        instead = [(tag, f"{_plain(made):f}")]
        if inward and not number and not currencies:
            instead.append((15, contract.currency))
        changed.append((where, place, instead))
    for _, where, place in currencies if quantities else ():
        said = where[place][1] == contract.currency
        if inward and not said:
            why = f"quantities are counted in {contract.currency} here"
            raise WireError(VALUE_IS_INCORRECT, 15, why)
        if said and not inward:
            changed.append((where, place, []))
    return changed


def _plain(value: Decimal) -> Decimal:
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize(_EXACT)
