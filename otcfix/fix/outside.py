"""One connection that waits to be let in, and what it says first."""

import socket
from collections import Counter
from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from otcfix.fix.first_message import FIRST_MAX, first_message
from otcfix.fix.proxy import HEADER_MAX, Peer, proxy_header


class TurnedAway(Exception):
    """A caller is not heard; fault: it counts as a failed logon."""

    def __init__(self, why: str, *, fault: bool) -> None:
        super().__init__(why)
        self.fault = fault


class Caller(Protocol):
    """A connection that waits. until: when it has waited too long."""

    peer: Peer
    until: float


Some = TypeVar("Some", bound=Caller)


def who_goes(waiting: Collection[Some]) -> Some:
    """Who is to go where too many wait: of the address with the most of them the one that has
    waited longest. So nobody's crowd sends away somebody else, however fast it grows."""
    crowds = Counter(one.peer.address for one in waiting)
    most = max(crowds.values())
    crowd = [one for one in waiting if crowds[one.peer.address] == most]
    return min(crowd, key=lambda one: one.until)


class Outside:
    """One connection that waits to be let in."""

    def __init__(
        self, sock: socket.socket, peer: Peer, until: float, *, proxied: bool = False
    ) -> None:
        """proxied: a PROXY header comes first, and says who it is."""
        self.sock = sock
        self.peer = peer
        self.until = until
        self.proxied = proxied
        self.seen = 0

    @property
    def address(self) -> str:
        """Where the caller is."""
        return self.peer.address

    def first_message(self, stranger: Callable[[str], str]) -> dict[int, str] | None:
        """The fields of his first message, which stays unread; None when he has not finished.

        stranger: why an address that a proxy tells is not heard. Errors: TurnedAway; NotFix;
        OSError.
        """
        try:
            data = self.sock.recv(FIRST_MAX, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        if len(data) == self.seen:
            raise TurnedAway("went away" if data else "", fault=bool(data))
        self.seen = len(data)
        if self.proxied:
            found = proxy_header(data[:HEADER_MAX], self.peer)
            if found is not None:
                length, self.peer = found
                return self._behind_proxy(length, stranger)
        fields = None if self.proxied else first_message(data)
        if fields is None:
            # Readable means from here on: more than this.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
        return fields

    def _behind_proxy(self, length: int, stranger: Callable[[str], str]) -> dict[int, str] | None:
        """A proxy has said who calls: go on with what stands behind its header."""
        self.sock.recv(length)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        self.proxied, self.seen = False, 0
        if stranger(self.peer.address):
            raise TurnedAway("", fault=False)
        return self.first_message(stranger)
