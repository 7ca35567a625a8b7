"""Who fails to log on too often is turned away for a while: 1, 2, 4 ... seconds.

Two things must hold at once: that nobody guesses secrets at the speed of the line, and that nobody
keeps a client out by failing in his name. So failures count for the address, and for the address at
one session; an address that has logged on to a session keeps its way to it. What comes from all
over the world counts for the session, and shuts it to addresses that it does not know.

Seconds of a monotonic clock are given as arguments. Everything that is remembered is bounded.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from otcfix.config import LogonConfig
from otcfix.gate import gcra

FORGET_S = 600.0
"""After so long without a failure behind the last back-off, all is forgiven."""

KNOWN_MAX = 32
"""Addresses that a session is known to log on from."""

TOLD_EVERY_S = 1.0
SECOND_NS = 1_000_000_000


class Backoff:
    """Failures by key: *free* of them cost nothing, from then on each costs twice the last."""

    def __init__(self, free: int, first_s: float, max_s: float, keep: int) -> None:
        """keep: keys remembered at once; the one that failed longest ago is forgotten first."""
        self._free = free
        self._first_s = first_s
        self._max_s = max_s
        self._keep = keep
        self._failed: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def waits(self, key: Hashable, now: float) -> float:
        """Seconds until *key* may try again; 0: now."""
        known = self._failed.get(key)
        return max(0.0, known[1] - now) if known else 0.0

    def failed(self, key: Hashable, now: float) -> float:
        """Count a failure; the seconds of the back-off that it begins, 0 when it is free."""
        count, until = self._failed.pop(key, (0, now))
        if now - until > FORGET_S:
            count = 0
        count += 1
        step = 0.0
        if count >= self._free:
            step = min(self._first_s * 2.0 ** min(count - self._free, 60), self._max_s)
        self._failed[key] = (count, now + step)
        if len(self._failed) > self._keep:
            self._failed.popitem(last=False)
        return step

    def count(self, key: Hashable) -> int:
        """How often *key* has failed since it was forgiven."""
        known = self._failed.get(key)
        return known[0] if known else 0

    def succeeded(self, key: Hashable) -> None:
        """All is forgiven."""
        self._failed.pop(key, None)

    def keys_of(self, session: str) -> list[tuple[str, str]]:
        """Its keys that are a session and an address, of *session*; from any thread."""
        pairs = (key for key in tuple(self._failed) if isinstance(key, tuple))
        return [key for key in pairs if key[0] == session]

    def __len__(self) -> int:
        return len(self._failed)


Told = Callable[[str, str], None]
"""(session key or "", what happened): for the journal, once a back-off step."""


class Admission:
    """What the door remembers of callers."""

    def __init__(self, terms: LogonConfig, told: Told) -> None:
        first, most, keep = float(terms.backoff_s), float(terms.backoff_max_s), terms.addresses_max
        self._addresses = Backoff(terms.failures, first, most, keep)
        self._pairs = Backoff(terms.failures, first, most, keep)
        self._sessions = Backoff(terms.session_failures, first, most, keep)
        self._floods = Backoff(1, first, most, keep)
        self._known: dict[str, OrderedDict[str, None]] = {}
        self._friends: dict[str, int] = {}
        self._cost = gcra.cost_of(terms.logons_per_second)
        self._room = self._cost * terms.logon_burst
        self._tries: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._tries_max = keep
        self._proxies = frozenset(terms.proxies)
        self._told = told
        self._told_at = -TOLD_EVERY_S
        self._untold = 0

    # -- who may come in -----------------------------------------------------------------------

    def stranger(self, address: str, now: float) -> str:
        """Why a connection is turned away before it has said anything; "" when it is heard.

        An address that some session is known to log on from is heard in any case.
        """
        if address in self._friends or address in self._proxies:
            return ""
        return "back-off" if self._addresses.waits(address, now) else ""

    def caller(self, session: str, address: str, now: float) -> str:
        """Why a Logon for *session* is turned away unread; "" when the engine may judge it."""
        if self._too_often(session, address, now):
            return f"session {session}: logs on too often"
        if self._floods.waits((session, address), now):
            return f"session {session}: back-off after too many messages"
        if address in self._proxies:
            return ""
        if self._pairs.waits((session, address), now):
            return f"session {session}: back-off"
        if self._is_known(session, address):
            return ""
        if self._addresses.waits(address, now):
            return "back-off"
        if self._sessions.waits(session, now):
            return f"session {session}: under attack, and not an address it logged on from"
        return ""

    def bars(self, session: str, address: str, now: float) -> bool:
        """Whether so many secrets were wrong that the next one is not even looked at (35=BE)."""
        return self._pairs.waits((session, address), now) > 0

    def _too_often(self, session: str, address: str, now: float) -> bool:
        key, at = (session, address), int(now * SECOND_NS)
        paid_at = self._tries.pop(key, at)
        passes = gcra.wait(paid_at, at, self._cost, self._room) <= 0
        self._tries[key] = gcra.taken(paid_at, at, self._cost, self._room) if passes else paid_at
        if len(self._tries) > self._tries_max:
            self._tries.popitem(last=False)
        return not passes

    def _is_known(self, session: str, address: str) -> bool:
        return address in self._known.get(session, ())

    # -- what became of it ---------------------------------------------------------------------

    def failed(self, session: str, address: str, now: float) -> None:
        """A logon failed; session "": it was for none that we know."""
        if address in self._proxies:
            return
        step, count = self._addresses.failed(address, now), self._addresses.count(address)
        if session:
            pair = (session, address)
            step, count = self._pairs.failed(pair, now) or step, self._pairs.count(pair)
            if not self._is_known(session, address):
                self._attacked(session, now)
        if step:
            note = f"{count} failed logons from {address}: turned away for {step:g} s"
            self._tell(session, note, now)

    def _attacked(self, session: str, now: float) -> None:
        step = self._sessions.failed(session, now)
        if step:
            note = (
                f"under attack: {self._sessions.count(session)} failed logons; for {step:g} s only "
                "addresses that it logged on from are let in"
            )
            self._tell(session, note, now)

    def succeeded(self, session: str, address: str) -> None:
        """A session logged on."""
        self._addresses.succeeded(address)
        self._pairs.succeeded((session, address))
        known = self._known.setdefault(session, OrderedDict())
        if address not in known:
            self._friends[address] = self._friends.get(address, 0) + 1
        known[address] = None
        known.move_to_end(address)
        if len(known) > KNOWN_MAX:
            oldest, _ = known.popitem(last=False)
            self._friends[oldest] -= 1
            if not self._friends[oldest]:
                del self._friends[oldest]

    def forgive(self, session: str) -> None:
        """Staff lets a session try again, from wherever its callers come."""
        for known in (self._pairs, self._floods):
            for key in known.keys_of(session):
                known.succeeded(key)
                self._addresses.succeeded(key[1])
        self._sessions.succeeded(session)
        for key in [key for key in self._tries if key[0] == session]:
            del self._tries[key]

    def waits_s(self, session: str, now: float) -> float:
        """Seconds for which some caller of *session* is turned away still; from any thread."""
        both = (self._pairs, self._floods)
        waits = [known.waits(key, now) for known in both for key in known.keys_of(session)]
        return max(*waits, self._sessions.waits(session, now), 0.0)

    def flooded(self, session: str, address: str, now: float) -> None:
        """A session was logged out for what it sent: it may come back in a while."""
        step = self._floods.failed((session, address), now)
        self._tell(session, f"logged out for too many messages: may come back in {step:g} s", now)

    def note(self, session: str, note: str, now: float) -> None:
        """Something about a caller that the journal is to keep."""
        self._tell(session, note, now)

    def _tell(self, session: str, note: str, now: float) -> None:
        """Once a second at most: an attack from everywhere must not fill the journal."""
        if now - self._told_at < TOLD_EVERY_S:
            self._untold += 1
            return
        more, self._untold, self._told_at = self._untold, 0, now
        self._told(session, f"{note} (and {more} more)" if more else note)
