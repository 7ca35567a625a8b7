"""Which money may leave: none of whom a list names, and only to what is the client's own (R23)."""

from collections.abc import Iterable

from otcfix.desk.authority import screening_of
from otcfix.desk.draft import Draft
from otcfix.model.party import Client
from otcfix.model.screening import BLOCK, CLEAR, ScreeningHit

HEX_OR_BECH32 = ("0x", "bc1", "tb1", "ltc1")
"""How addresses begin that are the same in capitals and in small letters."""


def withdrawal_barred(draft: Draft, client: Client, destination: str, asset: str) -> str:
    """Why money may not leave, for staff; "" when it may.

    A block freezes it, a review holds it, and a verdict must be of him as he is now. A destination
    must be one of his own wallets for *asset* or his IBAN, and asks for a verdict; what goes back
    without one, as the desk's books alone say, may be of somebody who was never screened.
    """
    found = draft.screening(client.client_id)[0]
    if found is not None and found.outcome != CLEAR:
        word = "is frozen" if found.outcome == BLOCK else "waits for a review"
        return f"{client.client_id} {word}: {hits_in_words(found.hits)}"
    if destination and not _his_own(client, destination, asset):
        return f"{destination} is no wallet of {client.client_id} for {asset} and no IBAN of his"
    finding = screening_of(draft, client)
    if finding.refusal is not None and (destination or found is not None):
        return f"{client.client_id}: {finding.measured}"
    return ""


def hits_in_words(hits: Iterable[ScreeningHit]) -> str:
    """Hits for staff: entry, score, who of the client, what the list says."""
    return ", ".join(f"{hit.entry_id} {hit.score} ({hit.party} ~ {hit.matched})" for hit in hits)


def _his_own(client: Client, destination: str, asset: str) -> bool:
    known = client.profile
    if any(_plain(destination).upper() == _plain(bank.iban).upper() for bank in known.banks):
        return True
    wanted = _address(destination)
    return any(
        wallet.asset == asset and _address(wallet.address) == wanted for wallet in known.wallets
    )


def _address(text: str) -> str:
    """Hexadecimal and bech32 in small letters; base58 as it is."""
    plain = _plain(text)
    return plain.lower() if plain.lower().startswith(HEX_OR_BECH32) else plain


def _plain(text: str) -> str:
    return "".join(text.split())
