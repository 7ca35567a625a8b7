"""A desk for trials: all of it but sockets and the wall clock, so that what it says is repeatable.

    with StagedDesk(config, at) as desk:
        desk.go(at)
        answers = desk.hears("ALPHA44", "D", fields)

Real are dictionaries, QuickFIX's validation, parse, State, gate, ledger, store (in memory) and
render. The clock stands where `go` puts it, rates are what they were shown to be, every client is
funded and taken to be screened without a hit. Nothing leaves it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import quickfix as fix

import otcfix
from otcfix.config import Config, desk_hash
from otcfix.desk.clientele import floors_of
from otcfix.desk.state import State
from otcfix.fix import dictionaries
from otcfix.fix.application import NEVER_AGAIN
from otcfix.fix.outgoing import message_of, stream_message_of
from otcfix.fix.settings import begin_string, dictionaries_of, spoken_key
from otcfix.fix.stock_client import SESSION_REJECT_REASON
from otcfix.fix.tongues import tongue_of
from otcfix.fix.wire import readable
from otcfix.fix.words import Words
from otcfix.fixlog.fields import framed
from otcfix.model.event import AdminSeen, Boot, MoveFunds, SessionDown, SessionUp
from otcfix.model.party import Session
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.screening import ScreeningVerdict, ScreeningVerdicts
from otcfix.model.session_act import SessionAct
from otcfix.model.time import SECOND, Instant, utc_timestamp
from otcfix.sequencer.inbox import Inbox, Incoming
from otcfix.sequencer.loop import Sequencer
from otcfix.sequencer.recovery import recover
from otcfix.store import open_store
from otcfix.store.journal import GENESIS, chained
from otcfix.trials.shown_rates import ShownRates

BY = "replay"
LOOPBACK = "127.0.0.1"
PLENTY, SOME_MONEY, SOME_COINS = Decimal(1_000_000_000), Decimal(1_000_000), Decimal(50)
"""Funds, when none are said: of the limits' currency, of other money, of crypto-assets."""

TICKS_MAX = 120
"""Seconds that are let pass one by one; a longer silence ends in one step."""

SESSION_TYPES = frozenset("0 1 2 3 4 5 A".split())
_REASONS = {kind: reason for kind, reason in SESSION_REJECT_REASON.items() if reason != 99}

Field = tuple[bytes, bytes]


class StagedDesk:
    """One desk, from its first event at *at* on."""

    def __init__(
        self,
        config: Config,
        at: Instant,
        *,
        funds: Mapping[str, Decimal] | None = None,
        rates: Path | None = None,
    ) -> None:
        """funds: what each client gets of which asset; None: enough of all, and no more than
        shipped position limits allow. rates: a file of prices, read as the clock passes them.

        Errors: ConfigError, FeedBroken.
        """
        self.config = config
        self.now = at
        self.said: dict[str, list[bytes]] = {}
        self._online: set[str] = set()
        self._out: dict[str, int] = {}
        self._in: dict[str, int] = {}
        desk = config.to_desk()
        self.sessions = {one.key: one for one in config.sessions.session if one.kind != "provider"}
        self.store = open_store("sqlite://")
        self.state, seen = recover(self.store, config.id_key, _bind)
        clients = self.state.clientele.seeded(desk.clients)
        self.store.set_floors(floors_of(clients.values()))
        words = Words(self.state)
        self.inbox = Inbox(1 << 20, 1 << 20)
        for session in config.sessions.session:
            self.inbox.open_lane(session.key)
        self.rates = ShownRates(config, desk.instruments, at, rates)
        self._folder = tempfile.TemporaryDirectory(prefix="otcfix-staged-")
        folder = Path(self._folder.name)
        ours = dictionaries.build(folder)
        self._judges = _Judges(config, ours, folder)
        self._tongues = {one.key: tongue_of(config, one, ours) for one in config.sessions.session}
        self.sequencer = Sequencer(
            *(self.state, self.store, self, self.rates.book, self.inbox),
            parse=words.parse,
            render=words.render,
            render_streams=words.render_streams,
            chain=chained,
            clock=self._clock,
            monotonic=self._clock,
            seen=seen,
            clock_step_max=10 * SECOND,
        )
        self.sequencer.start_from(GENESIS, 0, 0)
        self.sequencer.boot(Boot(desk_hash(desk), desk, otcfix.__version__, ()))
        self._settle_in(funds)

    def _settle_in(self, funds: Mapping[str, Decimal] | None) -> None:
        """Every client is screened without a hit, and funded."""
        clientele = self.state.clientele
        verdicts = tuple(
            ScreeningVerdict(client, clientele.digest_of(client), ())
            for client in sorted(clientele.unscreened())
        )
        if verdicts:
            self._tell(ScreeningVerdicts("replay", verdicts))
        for client in sorted(clientele.clients):
            for code, asset in sorted(self.state.register.assets.items()):
                if code == self.config.desk.limit_currency:
                    usual = PLENTY
                else:
                    usual = SOME_MONEY if asset.scale <= 4 else SOME_COINS
                amount = usual if funds is None else funds.get(code, Decimal(0))
                if amount:
                    self._tell(MoveFunds(client, code, amount, "custody", BY, BY))

    def _tell(self, body: object) -> None:
        self.inbox.put_urgent(Incoming("", 0, "", self.now, body))
        self._step()

    def _clock(self) -> Instant:
        return self.now

    def _step(self) -> None:
        while self.sequencer.step():
            pass

    # -- time --------------------------------------------------------------------------------

    def go(self, at: Instant) -> None:
        """Let time pass until *at*: timers end, quotes expire, the recorded market moves."""
        ticks = 0
        while self.now < at:
            left = at - self.now
            self.now = at if left <= SECOND or ticks >= TICKS_MAX else self.now + SECOND
            ticks += 1
            self.rates.go(self.now)
            self._step()

    # -- what a session says -------------------------------------------------------------------

    def log_on(self, key: str) -> None:
        """The session is up from now on."""
        self._online.add(key)
        self.said.setdefault(key, [])
        self.inbox.put_behind(Incoming(key, 0, "", self.now, SessionUp(key, 0, LOOPBACK)))
        self._step()

    def log_off(self, key: str) -> None:
        """The session is down."""
        self._online.discard(key)
        self.inbox.put_behind(Incoming(key, 0, "", self.now, SessionDown(key)))
        self._step()

    def hears(self, key: str, kind: bytes, fields: Sequence[Field]) -> None:
        """One business message of a session, header and trailer made here; answered in `said`."""
        session = self.sessions[key]
        self._in[key] = number = self._in.get(key, 0) + 1
        text = _text(
            begin_string(session.version).encode(),
            kind,
            self._head(number, session.target_comp_id, session.sender_comp_id),
            fields,
        )
        judged = self._judges.judged(session, text.decode("utf-8", "surrogateescape"))
        if isinstance(judged, str):
            self.inbox.put(Incoming(key, 0, judged, self.now), kind.decode("ascii", "replace"))
        else:
            self._reject(key, number, kind, *judged)
        self._step()

    def _head(self, number: int, sender: str, target: str) -> list[Field]:
        return [
            (b"34", b"%d" % number),
            (b"49", sender.encode()),
            (b"52", utc_timestamp(self.now).encode()),
            (b"56", target.encode()),
        ]

    def _reject(self, key: str, number: int, kind: bytes, reason: int, tag: int | None) -> None:
        """QuickFIX's own answer (R14), journaled when seen."""
        fields = [(b"45", b"%d" % number), (b"372", kind), (b"373", b"%d" % reason)]
        if tag:
            fields.insert(1, (b"371", b"%d" % tag))
        session = self.sessions[key]
        self._out[key] = out = self._out.get(key, 0) + 1
        head = self._head(out, session.sender_comp_id, session.target_comp_id)
        text = _text(begin_string(session.version).encode(), b"3", head, fields)
        self.said[key].append(text)
        note = AdminSeen(key, True, "3", readable(text.decode("utf-8", "surrogateescape")))
        self.inbox.put_behind(Incoming(key, 0, "", self.now, note))

    # -- what the desk says (WirePort) ---------------------------------------------------------

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int] | None:
        """Keep one reply for its session; what is said to nobody has no number."""
        key = row.session
        if key not in self._online:
            return (0, 0) if row.price or row.msg_type in NEVER_AGAIN else None
        tongue = self._tongues[key]
        said_by = message_of if tongue is None else tongue.message_of
        self._keep(key, said_by(self.sessions[key].version, row, again))
        return 0, self._out[key]

    def stream(self, row: StreamRow) -> None:
        """Keep one W or X."""
        if row.session in self._online:
            tongue, version = self._tongues[row.session], self.sessions[row.session].version
            said = stream_message_of(version, row) if tongue is None else tongue.said(version, row)
            self._keep(row.session, said)

    def logout(self, session: str, text: str) -> None:
        """The desk ends a session for what it did: it comes back at once, and hears that."""
        kept = _text(b"FIX.4.4", b"5", [], [(b"58", text.encode())])
        self.said.setdefault(session, []).append(kept)

    def act(self, act: SessionAct) -> str:
        """Nobody gives orders here."""
        return f"no desk serves {act.session}"

    def sessions_changed(self, sessions: tuple[Session, ...]) -> None:
        """Nobody changes them here."""

    def _keep(self, key: str, message: Any) -> None:
        session = self.sessions[key]
        self._out[key] = number = self._out.get(key, 0) + 1
        header = message.getHeader()
        for tag, value in self._head(number, session.sender_comp_id, session.target_comp_id):
            header.setField(int(tag), value.decode())
        self.said[key].append(message.toString().encode("utf-8", "surrogateescape"))

    # -- life ------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """The hash of the journal's last event: the whole of what happened."""
        return bytes(self.store.head()[1]).hex()

    def close(self) -> None:
        """Forget everything."""
        self.store.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _bind(state: State) -> tuple[Any, Any]:
    words = Words(state)
    return words.parse, words.render


def _text(begin: bytes, kind: bytes, head: Sequence[Field], fields: Sequence[Field]) -> bytes:
    body = b"".join([b"%b=%b\x01" % field for field in (*head, *fields)])
    return framed(begin, b"35=%b\x01%b" % (kind, body))


class _Judges:
    """What QuickFIX does to a message before it reaches us: validation by our dictionaries."""

    def __init__(self, config: Config, ours: dictionaries.Dictionaries, folder: Path) -> None:
        self._config = config
        self._ours = ours
        self._folder = folder
        self._loaded: dict[tuple[Path, str], Any] = {}

    def judged(self, session: Any, text: str) -> str | tuple[int, int | None]:
        """The canonical text; or SessionRejectReason(373) and RefTagID(371) of the Reject."""
        transport, body = self._of(session)
        kind = text.split("\x0135=", 1)[-1].split("\x01", 1)[0]
        try:
            body = transport if kind in SESSION_TYPES else body
            message = fix.Message(text, transport, body, True)
            fix.DataDictionary.validate(message, transport, body)
        except tuple(SESSION_REJECT_REASON) as error:
            reason = _REASONS.get(type(error), 99)
            return reason, getattr(error, "field", None)
        return readable(message.toString())

    def _of(self, session: Any) -> tuple[Any, Any]:
        paths = self._paths(session)
        transport, body = (self._load(path, session.unknown_tags) for path in paths)
        return transport, body

    def _paths(self, session: Any) -> tuple[Path, Path]:
        named = dictionaries_of(self._config, session, self._ours, self._folder)
        spoken = Path(named[spoken_key(named)])
        return Path(named.get("TransportDataDictionary", spoken)), spoken

    def _load(self, path: Path, unknown: str) -> Any:
        found = self._loaded.get((path, unknown))
        if found is None:
            found = fix.DataDictionary(str(path))
            found.checkUserDefinedFields(False)
            found.allowUnknownMsgFields(unknown == "ignore")
            self._loaded[path, unknown] = found
        return found


def drained(said: list[bytes]) -> Iterator[bytes]:
    """Take what was said, in its order."""
    taken, said[:] = list(said), []
    yield from taken
