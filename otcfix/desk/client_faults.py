"""What is wrong with a client as a command would have him. Check digits (LEI, IBAN, BIC) are looked
at before, where the command is made; here only what no decision may do without."""

import re
from collections.abc import Iterable, Iterator

from otcfix.desk.register import Register
from otcfix.model.countries import is_country, is_jurisdiction
from otcfix.model.limit import COUNT_MAX, is_amount
from otcfix.model.money import AMOUNT_MAX
from otcfix.model.party import Client
from otcfix.model.profile import CLASSES, SETTLEMENT_MODES, Document, Profile
from otcfix.model.time import is_day

_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_NETWORK = re.compile(r"[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BIRTH = re.compile(r"[0-9]{4}")
_WORD = re.compile(r"[!-~]{1,128}")

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What a person cannot see, or what turns round what he reads. No table of Unicode: replay on
another version of Python must say the same."""

NAME_MAX = 200

LIST_MAX = 1_000
"""How long a list of a client may be: all of him is journaled at each change."""


def is_name(text: str) -> bool:
    """Whether *text* can be read by people as it is: 1 to 200 characters, none of them hidden."""
    return bool(text.strip()) and len(text) <= NAME_MAX and not _HIDDEN.search(text)


def fault_of(client: Client, register: Register) -> str:
    """The first thing that is wrong with *client*, in words; "" for nothing."""
    return next(_faults(client, register), "")


def _faults(client: Client, register: Register) -> Iterator[str]:
    if not _ID.fullmatch(client.client_id):
        yield "id: expected 1 to 32 of A-Z a-z 0-9 _ . -"
    if not is_name(client.name):
        yield f"name: expected 1 to {NAME_MAX} characters that can be seen"
    if client.tier not in register.tiers:
        yield f"tier {client.tier}: expected one of {', '.join(sorted(register.tiers))}"
    if not client.accounts or not all(_WORD.fullmatch(one) for one in client.accounts):
        yield "accounts: expected at least one, of printable characters"
    yield from _shared_accounts(client, register)
    if max(len(client.accounts), len(client.instruments)) > LIST_MAX:
        yield f"accounts, instruments: expected at most {LIST_MAX} of each"
    for symbol in client.instruments:
        if symbol != "*" and symbol not in register.instruments:
            yield f"instruments: no instrument {symbol}"
    yield from _of_numbers(client, register)
    yield from _of_profile(client.profile, register)


def _shared_accounts(client: Client, register: Register) -> Iterator[str]:
    """An account is one client's. What he had before is left: it may come from the file."""
    before = register.clients.get(client.client_id)
    added = {*client.accounts}.difference(before.accounts if before else ())
    for key in sorted(register.clients) if added else ():
        theirs = added.intersection(register.clients[key].accounts)
        if theirs and key != client.client_id:
            yield f"accounts: {min(theirs)} is an account of {key}"


def _of_numbers(client: Client, register: Register) -> Iterator[str]:
    for code, limit in sorted(client.settlement_limits.items()):
        if code not in register.assets or not 0 <= limit < AMOUNT_MAX:
            yield f"settlement_limits {code}: expected a listed asset, and an amount from zero on"
    numbers = {
        "quote_notional_max": client.quote_notional_max,
        "order_notional_max": client.order_notional_max,
        "position_max": client.position_max,
        "slippage_default_bps": client.slippage_default_bps,
    }
    for name, number in numbers.items():
        if not is_amount(number):
            yield f"{name}: expected a number from zero on"
    if client.slippage_default_bps >= 10_000:
        yield "slippage_default_bps: expected less than 10000"
    if not all(0 <= n <= COUNT_MAX for n in (client.open_orders_max, client.open_quotes_max)):
        yield "open_orders_max, open_quotes_max: expected numbers from zero on"


def _of_profile(known: Profile, register: Register) -> Iterator[str]:
    if not is_name(known.kind):
        yield "kind: expected fund, bank, broker, corporate, individual, ..."
    if not is_jurisdiction(known.jurisdiction):
        yield f"jurisdiction {known.jurisdiction!r}: expected ISO 3166, as CH or US-NY"
    if known.client_class not in CLASSES:
        yield f"client_class {known.client_class!r}: expected one of {', '.join(CLASSES)}"
    if known.settlement_mode not in SETTLEMENT_MODES:
        yield f"settlement_mode: expected one of {', '.join(SETTLEMENT_MODES)}"
    if known.lei and not _LEI.fullmatch(known.lei):
        yield f"lei {known.lei}: expected 20 characters, the last two digits"
    if not _is_birth(known.birth):
        yield f"birth {known.birth}: expected a date or a year"
    yield from _of_owners(known)
    yield from _destinations(known, register)
    yield from documents_faults(known.kyc.documents)
    if known.kyc.expires and not is_day(known.kyc.expires):
        yield f"kyc.expires {known.kyc.expires}: expected a date, as 2027-12-31"


def _of_owners(known: Profile) -> Iterator[str]:
    lists = (known.owners, known.wallets, known.banks, known.networks, known.users)
    if max(map(len, (*lists, known.kyc.documents))) > LIST_MAX:
        yield f"profile: expected at most {LIST_MAX} of a kind"
    for owner in known.owners:
        if not is_name(owner.name):
            yield "owners: expected a name"
        if not owner.share.is_finite() or not 0 <= owner.share <= 100:
            yield f"owners {owner.name}: expected a share from 0 to 100"
        if not _is_birth(owner.birth):
            yield f"owners {owner.name}: birth: expected a date or a year"
        if owner.country and not is_country(owner.country):
            yield f"owners {owner.name}: country {owner.country}: expected ISO 3166, as CH"


def _destinations(known: Profile, register: Register) -> Iterator[str]:
    for wallet in known.wallets:
        if wallet.asset not in register.assets or not _WORD.fullmatch(wallet.address):
            yield f"wallets {wallet.asset} {wallet.address}: expected a listed asset, an address"
    for bank in known.banks:
        if not _IBAN.fullmatch(bank.iban):
            yield f"banks {bank.iban}: expected an IBAN without blanks"
        if bank.bank and not is_name(bank.bank):
            yield f"banks {bank.iban}: expected a name of the bank that can be read"
        if bank.bic and not _BIC.fullmatch(bank.bic):
            yield f"banks {bank.iban}: bic {bank.bic}: expected 8 or 11 characters"
    for network in known.networks:
        if not _NETWORK.fullmatch(network):
            yield f"networks {network}: expected an address or a network, as 192.0.2.0/24"
    for user in known.users:
        if not is_name(user):
            yield "users: expected a name"


def documents_faults(documents: Iterable[Document]) -> Iterator[str]:
    """What is wrong with documents."""
    for one in documents:
        if not is_name(one.kind) or not _SHA256.fullmatch(one.sha256):
            yield f"documents {one.kind}: expected a kind, and a SHA-256 of 64 hex digits"
        if one.expires and not is_day(one.expires):
            yield f"documents {one.kind}: expires {one.expires}: expected a date, as 2027-12-31"


def _is_birth(text: str) -> bool:
    return not text or is_day(text) or bool(_BIRTH.fullmatch(text))
