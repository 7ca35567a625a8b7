"""Everybody and everything of one client that a list might name."""

from typing import NamedTuple

from otcfix.model.party import Client
from otcfix.model.profile import BankAccount, Owner
from otcfix.screening.entry import Kind
from otcfix.screening.party import Party

PEOPLE = ("individual", "person", "retail")


class Subject(NamedTuple):
    """One party of a client, and what it is called where people read of it.

    label: all that tells him from another of his name, since a hit is released for that label:
    with another birth or country he is looked at anew.
    """

    label: str
    party: Party


def parties_of(client: Client) -> list[Subject]:
    """The client by his name and LEI, his owners, his banks and his wallets, in this order.

    It reads the fields that `desk.clientele.subject_digest` covers, and no others.
    """
    known = client.profile
    subjects = [
        Subject(
            _label("client", client.name, known.kind, known.birth, known.jurisdiction, known.lei),
            Party(
                client.name,
                kind=_kind(known.kind),
                births=_given(known.birth),
                countries=_given(known.jurisdiction[:2]),
                identifiers=(("LEI", known.lei),) if known.lei else (),
            ),
        )
    ]
    subjects += [_owner(owner) for owner in known.owners]
    subjects += [_bank(bank) for bank in known.banks]
    subjects += [
        Subject(
            f"wallet {wallet.asset} {wallet.address}",
            Party("", addresses=((wallet.asset, wallet.address),)),
        )
        for wallet in known.wallets
    ]
    return subjects


def _label(what: str, *parts: str) -> str:
    return f"{what} {', '.join([part for part in parts if part])}"


def _kind(kind: str) -> Kind:
    if not kind:
        return Kind.UNKNOWN
    return Kind.PERSON if kind in PEOPLE else Kind.ORGANISATION


def _owner(owner: Owner) -> Subject:
    """One without a birth may be a company."""
    return Subject(
        _label("owner", owner.name, owner.birth, owner.country),
        Party(
            owner.name,
            kind=Kind.PERSON if owner.birth else Kind.UNKNOWN,
            births=_given(owner.birth),
            countries=_given(owner.country[:2]),
        ),
    )


def _bank(bank: BankAccount) -> Subject:
    iban = "".join(bank.iban.split()).upper()
    identifiers = (("IBAN", iban), ("BIC", bank.bic))
    return Subject(
        f"bank {' '.join(part for part in (bank.bank, bank.bic, iban) if part)}",
        Party(
            bank.bank,
            kind=Kind.ORGANISATION,
            countries=_given(iban[:2]),
            identifiers=tuple(pair for pair in identifiers if pair[1]),
        ),
    )


def _given(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
