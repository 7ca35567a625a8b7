"""The fields of a client that staff may change, and which changes wait for a second person.

What gives more waits: a higher limit, something added, a word about who he is (it is screened, and
rules of jurisdiction hang on it). What takes away holds at once, from one person.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from otcfix.model.client_commands import ChangeClient
from otcfix.model.limit import is_amount
from otcfix.model.party import Client
from otcfix.model.profile import REFUSED, UNDER_REVIEW, BankAccount, Owner, Wallet

More = Callable[[Any, Any], bool]
"""(before, after), which differ: whether it gives more, so that a second person must confirm."""


def _always(before: Any, after: Any) -> bool:
    return bool(before != after)


def _up(before: Any, after: Any) -> bool:
    return bool(after > before)


def _credit(before: Any, after: Any) -> bool:
    return bool(after == "credit" != before)


class Field(NamedTuple):
    """A field with one value: where it stands, its type, and when a change of it waits."""

    kind: Any
    of_profile: bool
    gives_more: More


class ListField(NamedTuple):
    """A field that is a list: what it holds, by what two of them are the same, whether to remove
    one waits as well (to add one always does)."""

    kind: Any
    of_profile: bool
    key: Callable[[Any], Any]
    removal_waits: bool = False


FIELDS: dict[str, Field] = {
    "name": Field(str, False, _always),
    "enabled": Field(bool, False, _up),
    "tier": Field(str, False, _always),
    "quote_notional_max": Field(Decimal, False, _up),
    "order_notional_max": Field(Decimal, False, _up),
    "position_max": Field(Decimal, False, _up),
    "open_orders_max": Field(int, False, _up),
    "open_quotes_max": Field(int, False, _up),
    "slippage_default_bps": Field(Decimal, False, _up),
    "no_skew": Field(bool, False, _always),
    "kind": Field(str, True, _always),
    "lei": Field(str, True, _always),
    "jurisdiction": Field(str, True, _always),
    "client_class": Field(str, True, _always),
    "birth": Field(str, True, _always),
    "settlement_mode": Field(str, True, _credit),
}
"""Besides them `kyc_status` may be set to UNDER_REVIEW or REFUSED; APPROVED comes of an approval
alone."""


def _itself(item: Any) -> Any:
    return item


LISTS: dict[str, ListField] = {
    "accounts": ListField(str, False, _itself),
    "instruments": ListField(str, False, _itself),
    # Without an owner there is a name less to screen; without a network, perhaps no wall at all.
    "owners": ListField(Owner, True, lambda one: one.name, removal_waits=True),
    "wallets": ListField(Wallet, True, lambda one: (one.asset, one.address)),
    "banks": ListField(BankAccount, True, lambda one: one.iban),
    "networks": ListField(str, True, _itself, removal_waits=True),
    "users": ListField(str, True, _itself),
}

KYC_STATUS = "kyc_status"


class Impossible(ValueError):
    """A change that cannot be made, in words for staff."""


class Changed(NamedTuple):
    """The client as he would be, and what of it waits for a second person, in words."""

    client: Client
    waits: tuple[str, ...]


def changed(client: Client, command: ChangeClient) -> Changed:
    """Lay *command* over *client*. Errors: Impossible."""
    waits: list[str] = []
    values: dict[str, Any] = {}
    for name, text in sorted(command.changes.items()):
        if name == KYC_STATUS:
            values[name] = _status(text)
            continue
        field = FIELDS.get(name)
        if field is None:
            raise Impossible(f"{name}: expected one of {', '.join((*FIELDS, KYC_STATUS))}")
        value = _read(name, text, field.kind)
        before = getattr(client.profile if field.of_profile else client, name)
        if value != before and field.gives_more(before, value):
            waits.append(f"{name} {_plain(before)} -> {_plain(value)}")
        values[name] = value
    for name in sorted({*command.add, *command.remove}):
        values[name] = _list(client, name, command, waits)
    return Changed(_replaced(client, values), tuple(waits))


def _status(text: str) -> str:
    value = str(_read(KYC_STATUS, text, str))
    if value not in (UNDER_REVIEW, REFUSED):
        raise Impossible(f"{KYC_STATUS}: expected {UNDER_REVIEW} or {REFUSED}; approve him instead")
    return value


def _list(client: Client, name: str, command: ChangeClient, waits: list[str]) -> tuple[Any, ...]:
    field = LISTS.get(name)
    if field is None:
        raise Impossible(f"{name}: expected one of {', '.join(LISTS)}")
    kind = tuple[field.kind, ...]  # type: ignore[name-defined]
    before: tuple[Any, ...] = getattr(client.profile if field.of_profile else client, name)
    known = {field.key(one): one for one in before}
    for one in _read(name, command.remove.get(name, "[]"), kind):
        if known.pop(field.key(one), None) is None:
            raise Impossible(f"{name}: {_words(field.key(one))} is not there")
        if field.removal_waits:
            waits.append(f"{name} without {_words(field.key(one))}")
    for one in _read(name, command.add.get(name, "[]"), kind):
        if known.get(field.key(one)) != one:
            waits.append(f"{name} with {_words(field.key(one))}")
        known[field.key(one)] = one
    return tuple(known.values())


def _words(key: Any) -> str:
    return " ".join(key) if isinstance(key, tuple) else str(key)


def _read(name: str, text: str, kind: Any) -> Any:
    try:
        value = msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise Impossible(f"{name}: {error}") from None
    if isinstance(value, Decimal) and not is_amount(value):  # NaN is not even compared
        raise Impossible(f"{name}: expected a number from zero on")
    return value


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _replaced(client: Client, values: dict[str, Any]) -> Client:
    whole: dict[str, Any] = {}
    of_profile: dict[str, Any] = {}
    names: list[str] = []
    for name, value in values.items():
        if name == KYC_STATUS:
            of_profile["kyc"] = structs.replace(client.profile.kyc, status=value)
            names.append("profile.kyc")
        elif (FIELDS.get(name) or LISTS[name]).of_profile:
            of_profile[name] = value
            names.append(f"profile.{name}")
        else:
            whole[name] = value
            names.append(name)
    profile = structs.replace(client.profile, **of_profile)
    return structs.replace(client, profile=profile, changed=noted(client, *names), **whole)


def noted(client: Client, *names: str) -> tuple[str, ...]:
    """The fields that commands have set on *client*, with *names*."""
    return tuple(sorted({*client.changed, *names}))
