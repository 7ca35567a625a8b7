"""A FIX initiator to one liquidity provider: its prices in, quotes on request, our orders out.

QuickFIX gives the session a thread. Its callbacks copy, read and hand over; none may let an
exception out, or the process ends. What is to be sent besides answers leaves from `tick`.
"""

import re
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import quickfix as fix
import structlog

from otcfix.config.venue_models import ProviderConfig
from otcfix.fix.building import built
from otcfix.fix.callbacks import guarded
from otcfix.fix.fields import Values, split
from otcfix.fix.provider_market import Market, ProvidedSource, Sink, Words
from otcfix.fix.provider_orders import (
    cancel_rejected,
    refused_order,
    refused_status,
    report_of,
    request_words,
)
from otcfix.fix.provider_quotes import Asks, OnAnswer
from otcfix.fix.provider_settings import settings_text
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import WireError, field_of, readable
from otcfix.model.event import AdminSeen
from otcfix.model.hedge import ORDER, STATUS, VenueDown, VenueReport, VenueRequest, VenueUp
from otcfix.model.messages import Side
from otcfix.model.time import MS, Instant

log = structlog.get_logger("otcfix.fix.provider")

TOO_LOW = re.compile(r"MsgSeqNum too low, expecting (\d+)")
SENT_MAX = 10_000
"""Orders whose MsgSeqNum(34) is remembered, for a Reject(3) that names it."""

UNKNOWN_ID = "1"
PRICES = ("W", "X", "")
REPORTS = ("8", "9", "")
"""What a message that QuickFIX could not read may have been; "": any."""

Clock = Callable[[], Instant]
OnEvent = Callable[[VenueUp | VenueDown | VenueReport | AdminSeen], None]


class Provider(fix.Application):  # type: ignore[misc]
    """One session that we log on to."""

    def __init__(
        self,
        config: ProviderConfig,
        sources: Sequence[ProvidedSource],
        folder: Path,
        *,
        sink: Sink,
        on_event: OnEvent,
        on_answer: OnAnswer,
        clock: Clock,
        symbols: Mapping[str, str] | None = None,
    ) -> None:
        """folder: for its numbers and dictionaries. symbols: the desk's symbols in its words."""
        super().__init__()
        self.config = config
        self.key = config.key
        self.online = False
        self._clock = clock
        self._on_event = on_event
        self._symbols = dict(symbols or {})
        self._ours: dict[str, list[str]] = {}
        for ours, theirs in self._symbols.items():
            self._ours.setdefault(theirs, []).append(ours)
        self._secret = config.the_secret()
        run = secrets.token_hex(3)
        self._asks = Asks(config.key, run, on_answer)
        self._market = Market(
            config.key,
            sources if config.stream else (),
            sink,
            incremental=config.incremental,
            depth=config.depth,
            skew_max=config.clock_skew_max_ms * MS,
            run=run,
        )
        self._sent: dict[int, tuple[str, str]] = {}
        self._id = fix.SessionID(
            begin_string(config.version), config.sender_comp_id, config.target_comp_id
        )
        (folder / "sessions").mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(settings_text(config, folder))
            file.flush()
            self._settings = fix.SessionSettings(file.name)
        self._stores = fix.FileStoreFactory(self._settings)
        self._initiator: Any = fix.SocketInitiator(self, self._stores, self._settings)
        self._session: Any = fix.Session.lookupSession(self._id)
        self._started = False

    # -- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Log on, and again whenever the line breaks."""
        self._started = True
        self._initiator.start()

    def stop(self) -> None:
        """Log out and close."""
        if not self._started:
            return
        self._started = False
        if self.online:
            self._session.logout("the desk stops")
            self._session.next(fix.UtcTimeStamp())
            self._initiator.stop(True)
        else:
            self._initiator.stop()
        # QuickFIX knows sessions by their name alone: one that is freed late would take the next
        # one of that name with it.
        self._session = self._initiator = None

    def tick(self) -> None:
        """Ask for what is due; not on the session's thread."""
        now = self._clock()
        self._asks.due(now)
        if self.online:
            for words in self._market.due(now):
                self._say(words)

    # -- speaking ----------------------------------------------------------------------------

    def send(self, request: VenueRequest) -> bool:
        """Say *request*; False when the line is down or does no hedges.

        True says only that it was handed over: what became of it, the venue's reports say.
        """
        if not (self.online and self.config.hedge):
            return False
        symbol = self._symbols.get(request.order.symbol, request.order.symbol)
        return self._say(request_words(request, self.config.version, symbol, self.config.account))

    def ask(self, symbol: str, side: Side | None, quantity: Decimal) -> str:
        """Ask for a quote on *quantity* of base; returns QuoteReqID(131), "" when it cannot.

        The answer, or that none came in time, goes to on_answer. side None asks for both.
        """
        if not (self.online and self.config.rfq):
            return ""
        until = self._clock() + self.config.rfq_timeout_ms * MS
        sent = self._symbols.get(symbol, symbol)
        request_id, words = self._asks.words(symbol, sent, side, quantity, until)
        self._say(words)
        return request_id

    def _say(self, words: Words) -> bool:
        message = built(self.config.version, words.msg_type, words.fields, words.groups)
        return bool(self._session.send(message))

    # -- callbacks ---------------------------------------------------------------------------

    def onCreate(self, session_id: Any) -> None:
        """QuickFIX made the session."""

    @guarded
    def onLogon(self, session_id: Any) -> None:
        """The session is up: no price of before counts."""
        log.info("provider_up", provider=self.key)
        self._market.up(self._clock())
        self.online = True
        if self.config.hedge:
            self._on_event(VenueUp(self.key))

    @guarded
    def onLogout(self, session_id: Any) -> None:
        """The session is down, or never came up."""
        was_online, self.online = self.online, False
        if not was_online:
            return  # another attempt that failed
        now = self._clock()
        why = f"the session with {self.key} is down"
        self._market.down(why, now)
        self._asks.end_all(why, now)
        log.warning("provider_down", provider=self.key)
        if self.config.hedge:
            self._on_event(VenueDown(self.key))

    @guarded
    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message leaves: a Logon says who we are; some tell that prices were lost."""
        kind = message.getHeader().getField(35)
        if kind == "A":
            if self.config.reset_on_logon:
                self._sent.clear()
            if self.config.username:
                message.setField(553, self.config.username)
                message.setField(554, self._secret)
        elif kind == "2":
            self._market.lost("gap: messages were lost", self._clock())
        elif kind == "3":
            self._unread(message)
        elif kind == "5" and message.isSetField(58) and TOO_LOW.search(message.getField(58)):
            log.error(
                "provider_lost_its_numbers", provider=self.key, text=message.getField(58),
                remedy="agree on a reset with the provider; reset_on_logon does it each time",
            )  # fmt: skip

    @guarded
    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """A session message came."""
        kind = message.getHeader().getField(35)
        if kind == "5" and message.isSetField(58):
            text = readable(message.getField(58))
            log.warning("provider_logout", provider=self.key, text=text)
            behind = TOO_LOW.search(text)
            if behind and not self.online:
                # Our own numbers were lost: go on where the provider is.
                self._session.setNextSenderMsgSeqNum(int(behind[1]))
        elif kind == "3":
            text = readable(message.toString())
            self._on_event(AdminSeen(self.key, False, "3", text))
            values = dict(reversed(split(text)))
            log.warning("provider_reject", provider=self.key, text=values.get(58, ""))
            self._refused(values, values.get(58, "") or f"373={values.get(373, '')}")

    @guarded
    def toApp(self, message: Any, session_id: Any) -> None:
        """A business message leaves; one that leaves again was asked for by a ResendRequest."""
        header = message.getHeader()
        kind = header.getField(35)
        if header.isSetField(43) and header.getField(43) == "Y":
            raise fix.DoNotSend  # an order said again minutes later would be another one
        if kind in ("D", "H"):
            what = ORDER if kind == "D" else STATUS
            self._sent[int(header.getField(34))] = (what, message.getField(11))
            if len(self._sent) > SENT_MAX:
                del self._sent[next(iter(self._sent))]

    @guarded
    def fromApp(self, message: Any, session_id: Any) -> None:
        """A business message came."""
        text = readable(message.toString())
        kind = field_of(text, 35)
        now = self._clock()
        if kind in ("W", "X", "Y"):
            self._market.take(kind, text, now)
            return
        try:
            values: Values = dict(reversed(split(text)))
        except WireError as error:
            log.error("provider_unreadable", provider=self.key, text=error.text)
            return
        if kind == "8":
            report = report_of(self.key, values, self._ours)
            if report.unknown and values.get(43) == "Y":
                # It denied an order that may have come since; a new session asks anew.
                log.info("old_denial_not_heard", provider=self.key, hedge_id=report.hedge_id)
                return
            self._on_event(report)
        elif kind == "9":
            self._on_event(cancel_rejected(self.key, values))
        elif kind == "j":
            self._refused(values, f"380={values.get(380, '')} {values.get(58, '')}".strip())
        elif kind == "S" and values.get(43) != "Y":
            self._asks.quote(values, now)
        elif kind in ("AG", "b"):
            self._asks.refused(values, values.get(58, ""), now)

    def _unread(self, reject: Any) -> None:
        """QuickFIX refuses what came by this Reject(3), and nobody but it has seen what it was."""
        text = readable(reject.toString())
        log.error("provider_unreadable", provider=self.key, text=text)
        self._on_event(AdminSeen(self.key, True, "3", text))
        about = reject.getField(372) if reject.isSetField(372) else ""
        if about in PRICES:
            self._market.lost("a message could not be read", self._clock())
        if about in REPORTS and self.config.hedge:
            # It may have been a fill: whatever is open there must be asked about.
            self._on_event(VenueUp(self.key, unread=True))

    def _refused(self, values: Values, why: str) -> None:
        """A Reject(3) or BusinessReject(j) of something we said."""
        about, ref_id = values.get(372, ""), values.get(379, "")
        number = values.get(45, "")
        what, hedge_id = self._sent.get(int(number) if number.isdecimal() else 0, ("", ""))
        if not what and ref_id and about in ("D", "H"):
            what, hedge_id = (ORDER if about == "D" else STATUS), ref_id
        if what == ORDER:
            self._on_event(refused_order(self.key, hedge_id, why))
        elif what == STATUS:
            unknown = values.get(380) == UNKNOWN_ID
            self._on_event(refused_status(self.key, hedge_id, why, unknown=unknown))
        elif not self._asks.refused(values, why, self._clock()):
            self._market.refused(ref_id, why, values, self._clock())
