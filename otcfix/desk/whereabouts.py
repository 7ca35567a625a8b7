"""Where a client's people may come from: the networks of his profile, against the address that his
session logged on from."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from otcfix.desk.draft import Draft
from otcfix.model.event import SessionUp
from otcfix.model.party import Client

REMOTE = "remote"
"""The word of State that keeps a session's address."""

UNKNOWN = "an unknown address"


@lru_cache(maxsize=4096)
def _inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(asked, "ipv4_mapped", None)  # an IPv4 caller on an IPv6 socket
    return any((mapped or asked) in ip_network(one, strict=False) for one in networks)


def away(draft: Draft, client: Client, session: str) -> str:
    """The address that *session* came from when it lies in none of the client's networks; "" when
    all is well, or he names none. An address that is not known lies in none."""
    networks = client.profile.networks
    if not networks:
        return ""
    address = str(draft.word(REMOTE, session))
    return "" if _inside(address, networks) else address or UNKNOWN


def on_session_up(draft: Draft, up: SessionUp) -> None:
    """Note where a session comes from, and log it out again when that is none of his networks."""
    draft.move(REMOTE, up.session, up.remote)
    session = draft.register.sessions.get(up.session)
    client = draft.client(session.client_id) if session is not None else None
    found = away(draft, client, up.session) if client is not None else ""
    if found and client is not None:
        draft.logouts.append((up.session, "not accepted"))
        draft.alerts.append(
            f"{up.session} logged on from {found}, which is none of the networks of "
            f"{client.client_id}: logged out"
        )
