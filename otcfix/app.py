"""The composition root: build(config) -> App. The only module that knows all others."""

import gc
import threading
import time
from functools import partial
from pathlib import Path
from types import TracebackType

import msgspec
import structlog

import otcfix
from otcfix.config import Config, desk_hash
from otcfix.control.opening import opened, ordered
from otcfix.control.server import ControlServer
from otcfix.desk.clientele import floors_of
from otcfix.desk.state import State
from otcfix.fix import dictionaries
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.provider import Provider
from otcfix.fix.provider_market import ProvidedSource
from otcfix.fix.provider_quotes import OnAnswer, ProviderAnswer
from otcfix.fix.providers import Providers
from otcfix.fix.recovering import Recovering, mend_all
from otcfix.fix.users import rotation_of
from otcfix.fix.words import Words
from otcfix.model.decision import Decision
from otcfix.model.errors import ConfigError
from otcfix.model.event import Boot, Event, SessionDown, SessionUp, UnsentQuote
from otcfix.model.messages import ProviderMassQuote, ProviderQuote, ProviderQuoteCancel
from otcfix.model.record import OutboxRow, SentMark
from otcfix.model.time import SECOND, Instant
from otcfix.screening.service import ScreeningService
from otcfix.sequencer.inbox import Inbox, Incoming
from otcfix.sequencer.loop import Observer, Sequencer
from otcfix.sequencer.ports import Parse, Render
from otcfix.sequencer.recovery import recover
from otcfix.sequencer.silent import Silent
from otcfix.store import open_store
from otcfix.store.journal import GENESIS, chained
from otcfix.venues.assemble import assemble, spec_of
from otcfix.venues.contributions import Contributions
from otcfix.venues.measures import Measures, MeasureTerms
from otcfix.venues.provided import Provided

log = structlog.get_logger("otcfix.app")

SLOW_RECOVERY_S = 1.0


def wall_clock() -> Instant:
    """Now, UTC."""
    return time.time_ns() // 1_000


def monotonic_clock() -> Instant:
    """Microseconds of a clock that never steps."""
    return time.monotonic_ns() // 1_000


class App:
    """One desk: store, state, feeds, acceptor and the thread that runs the sequencer."""

    def __init__(
        self,
        config: Config,
        database: str,
        *,
        state_folder: Path | None = None,
        feed: Path | None = None,
        feed_speed: float = 1.0,
        serve_fix: bool = True,
        on_event: Observer | None = None,
    ) -> None:
        self.config = config
        self._on_event = on_event
        self.on_answer: OnAnswer | None = None
        self._folder = folder = state_folder or Path(config.sessions.acceptor.store)
        self._sessions_folder = folder / "sessions"
        self.control: ControlServer | None = None
        self.store = open_store(database)
        self.store.lock()
        self.desk = config.to_desk()
        self.words: Words | None = None
        started = time.monotonic()
        self.state, seen = recover(self.store, config.id_key, self._bind)
        self.recovery_s = time.monotonic() - started
        # What commands have set wins over the file: the floors are those of the register.
        clients = self.state.clientele.seeded(self.desk.clients)
        for account in self.store.set_floors(floors_of(clients.values())):
            log.warning("settlement_limit_below_use", account=account)
        words = self.words = Words(self.state)
        self._refuse_a_clock_in_the_past()
        self._refuse_other_scales()
        acceptor_config = config.sessions.acceptor
        self.inbox = Inbox(acceptor_config.inbox_share, acceptor_config.inbox_cancel_reserve)
        for session in config.sessions.session:
            self.inbox.open_lane(session.key)
        self.rates, self.feeds = assemble(config, feed, feed_speed)
        self.contributions = Contributions(self.rates)
        self.contributions.know(self.desk.sessions)
        self.providers = Providers(
            self._lines(folder / "providers") if serve_fix and feed is None else ()
        )
        self.measures = self._measured()
        self.acceptor: Acceptor | None = None
        self._renamed: frozenset[str] = frozenset()
        if serve_fix:
            spoken = dictionaries.build(folder / "dictionaries")
            known = (self._sessions_folder, self.store, self.state.at)
            self._renamed = mend_all(config, spoken, *known)
            self.acceptor = Acceptor(
                config,
                spoken,
                self._sessions_folder,
                put=self._put,
                put_behind=self._put_behind,
                depth=self.inbox.depth,
                clock=wall_clock,
                proven=self._proven,
                rotated=partial(rotation_of, self.state),
                told=self._told,
                epoch_of=lambda key: int(self.state.word("epoch", key, 0)),
            )
        self.sequencer = Sequencer(
            self.state,
            self.store,
            self.acceptor or Silent(),
            self.rates,
            self.inbox,
            parse=words.parse,
            render=words.render,
            render_streams=words.render_streams,
            chain=chained,
            clock=wall_clock,
            monotonic=monotonic_clock,
            seen=seen,
            clock_step_max=config.desk.clock_skew_max_ms * 1_000,
            on_event=self._observe,
            measures=self.measures,
            venues=self.providers,
        )
        self.rates.on_move = self.sequencer.rates_moved
        self.screening = ScreeningService(config, self.state.clientele, self._screened, wall_clock)
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self.ended = threading.Event()

    def _lines(self, folder: Path) -> list[Provider]:
        """The providers that we log on to, each with a lane of its own for what it says."""
        venues = self.config.venues
        fed = [source for source in venues.source if source.provider]
        provided = Provided([spec_of(source) for source in fed], self.rates)
        lines = []
        for line in venues.provider:
            self.inbox.open_lane(line.key)
            mine = [source for source in fed if source.provider == line.key]
            pairs = {(source.base, source.quote): source.selector for source in mine}
            symbols = {
                i.symbol: pairs[i.base, i.terms]
                for i in self.config.desk.instrument
                if (i.base, i.terms) in pairs
            }
            lines.append(
                Provider(
                    line,
                    [ProvidedSource(s.name, s.selector, s.base) for s in mine],
                    folder / line.key,
                    sink=provided.take,
                    on_event=partial(self._venue_said, line.key),
                    on_answer=self._answered,
                    clock=wall_clock,
                    symbols={**symbols, **line.symbols},
                )
            )
        return lines

    def _bind(self, state: State) -> tuple[Parse, Render]:
        words = Words(state)
        return words.parse, words.render

    def _measured(self) -> Measures:
        """Measures that go on from what State knows."""
        classes = {one.symbol: one.asset_class for one in self.desk.instruments}

        def terms(symbol: str) -> MeasureTerms:
            said = self.config.pricing.measure_for(symbol, classes[symbol])
            return MeasureTerms(
                float(said.half_life_s),
                float(said.floor_bps_day),
                float(said.cap_bps_day),
                float(said.fast_move_bps),
                said.fast_window_ms,
                said.calm_ms,
                float(said.markout_shrinkage),
            )

        measures = Measures(self.rates, self.desk.instruments, terms)
        known = self.state.knowledge
        measures.seed(known.parameters.values(), known.toxicity)
        return measures

    def _refuse_other_scales(self) -> None:
        """A scale says what every booked integer means: it can never change."""
        now = {asset.code: asset.scale for asset in self.desk.assets}
        for code, asset in self.state.register.assets.items():
            booked = any(
                name.endswith(f":{code}") and balance
                for name, balance in self.state.balances.items()
            )
            if booked and now.get(code) != asset.scale:
                raise ConfigError(
                    f"{self.config.folder / 'desk.toml'}: asset {code}: expected scale "
                    f"{asset.scale}, as booked; got {now.get(code, 'no such asset')}"
                )

    def _refuse_a_clock_in_the_past(self) -> None:
        behind = self.state.at - wall_clock()
        if behind > self.config.desk.clock_skew_max_ms * 1_000:
            raise ConfigError(
                f"the clock is {behind / SECOND:.1f} s behind the journal's last event: "
                "set it right, or wait"
            )

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Recover sessions, say what is owed, then let clients in (they come last)."""
        seq, last_hash, _, outbox_id = self.store.head()
        self.sequencer.start_from(last_hash if seq else GENESIS, outbox_id, 0)
        known = (self.config.sessions.session, self._sessions_folder, self.store)
        recovering = Recovering(*known, self.acceptor, self._renamed)
        for key, numbers in self.store.session_numbers().items():
            self.sequencer.proven[key] = numbers.proven
        epochs = {key: int(epoch) for key, epoch in self.state.words.get("epoch", {}).items()}
        recovering.numbers(epochs)
        unsent = list(self.store.unsent())
        if self.acceptor is not None:
            before = ordered(self.state, self.config)
            unsent = self.acceptor.administration.restore(*before, unsent)
        owed = recovering.owed(unsent)
        # What is owed from before goes first: the boot event may end orders whose fills the
        # client has not heard of yet.
        self.sequencer.say_owed(owed.again, again=True)
        self.sequencer.say_owed(owed.copies, again=False)
        self.sequencer.note_sent(owed.done)
        self.sequencer.boot(self._boot(owed.prices))
        if self.recovery_s > SLOW_RECOVERY_S:
            self.sequencer.snapshot()  # a desk that is killed again must not pay for it again
        for moved in recovering.moved():
            self._put_behind(moved.session, moved.epoch, moved)
        if self.acceptor is None:
            return  # an offline desk has no loop of its own: `command` steps it
        self.screening.start(self.sequencer.take_waiting)
        # What stands now mostly stays. Walking ten thousand clients again and again is what made a
        # message in a hundred wait for milliseconds.
        gc.collect()
        gc.freeze()
        self.control = opened(self.config, self._folder, self.acceptor, self.sequencer, self.store)
        self.acceptor.start()
        for feed in self.feeds:
            feed.start()
        self.providers.start()
        self._thread.start()
        self.control.start()

    def _boot(self, prices: list[OutboxRow]) -> Boot:
        now_hash = desk_hash(self.desk)
        words = self.words or Words(self.state)
        return Boot(
            now_hash,
            self.desk if now_hash != self.state.desk_hash else None,
            otcfix.__version__,
            tuple(
                UnsentQuote(
                    row.session,
                    words.said_tag(row, 131),
                    words.said_tag(row, 55),
                    row.deliver_to,
                    row.deliver_to_sub,
                )
                for row in prices
                if row.msg_type == "S" and row.session in {s.key for s in self.desk.sessions}
            ),
        )

    def _run(self) -> None:
        assert self.acceptor is not None
        try:
            self.sequencer.run(self.acceptor)
        except BaseException as error:  # noqa: BLE001 - whatever ended the loop ends the desk
            log.critical("desk_stopped", error=str(error))
        finally:
            self.ended.set()

    def stop(self) -> None:
        """Clients out first, then the sequencer with a snapshot, then feeds, then the store."""
        if self.control is not None:
            self.control.stop()
        self.screening.stop()
        if self._thread.ident:
            self.sequencer.stop()
            self._thread.join(30)
        self.providers.stop()
        for feed in self.feeds:
            if feed.ident:
                feed.stop()
        self.store.close()
        gc.unfreeze()

    def __enter__(self) -> "App":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- ears ------------------------------------------------------------------------------

    def _put(self, session: str, epoch: int, text: str, msg_type: str) -> bool:
        return self.inbox.put(Incoming(session, epoch, text, wall_clock()), msg_type)

    def _put_behind(self, session: str, epoch: int, body: object) -> None:
        self.inbox.put_behind(Incoming(session, epoch, "", wall_clock(), body))

    def _venue_said(self, venue: str, body: object) -> None:
        """A provider's thread hands over what concerns our orders there."""
        self.inbox.put_behind(Incoming(venue, 0, "", wall_clock(), body))
        if self.acceptor is not None:
            self.acceptor.ring()

    def _screened(self, body: object) -> None:
        """The screening thread hands over what it found."""
        self.inbox.put_urgent(Incoming("", 0, "", wall_clock(), body))
        if self.acceptor is not None and self._thread.ident:
            self.acceptor.ring()

    def _answered(self, answer: ProviderAnswer) -> None:
        log.info(
            "provider_answered",
            venue=answer.venue,
            quote_req_id=answer.quote_req_id,
            symbol=answer.symbol,
            why=answer.why,
        )
        if self.on_answer is not None:
            self.on_answer(answer)

    def _proven(self, session: str, outbox_id: int) -> None:
        self.sequencer.proven[session] = outbox_id

    def _told(self, session: str, is_there: bool) -> None:
        """A session has come, or gone."""
        if is_there:
            self.inbox.open_lane(session)
        else:
            self.inbox.close_lane(session)

    def _observe(self, event: Event, decision: Decision, outbox: list[OutboxRow]) -> None:
        body = event.body
        if isinstance(body, ProviderQuote | ProviderMassQuote | ProviderQuoteCancel):
            for why in self.contributions.take(body, event.received_at):
                log.info("provider_quote_not_used", session=body.head.session, why=why)
        elif isinstance(body, SessionUp):
            self._note_out(body.session, event.epoch)
            self.contributions.void(body.session, "a new session: no price yet")
        elif isinstance(body, SessionDown):
            self.contributions.void(body.session, "the session is down")
        if decision.sessions is not None:
            self.contributions.know(decision.sessions)
        for trade in decision.trades:
            self.measures.on_trade(trade)
        self.screening.observe(decision)
        if self._on_event is not None:
            self._on_event(event, decision, outbox)

    def _note_out(self, session: str, epoch: int) -> None:
        """The number out that a client knows at logon: a lost store must not begin below it."""
        line = self.acceptor.lines.get(session) if self.acceptor is not None else None
        if line is not None and line.epoch == epoch:
            self.sequencer.note_sent([SentMark(0, session, epoch, line.last_out)])

    def command(self, command: object) -> str:
        """Sequence a staff command on a desk that does not serve; returns its result.

        Errors: RuntimeError on one that serves: its own loop takes the mailbox.
        """
        if self._thread.ident:
            raise RuntimeError("a serving desk takes commands from the mailbox by itself")
        text = msgspec.json.encode(command).decode()
        command_id = self.store.put_command(text, str(getattr(command, "by", "")), wall_clock())
        self.sequencer.check_commands()
        done = self.store.command_result(command_id)
        return (done.result if done else None) or "not taken"
