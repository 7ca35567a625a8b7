"""A price that nobody asked for: the same Market that quotes are made from, on journaled rates."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from otcfix.cli.outcome import NO, Failed
from otcfix.config import Config, desk_hash
from otcfix.desk.draft import Draft
from otcfix.desk.market import Market
from otcfix.desk.state import State
from otcfix.fix.words import Words
from otcfix.model.event import Event, Facts
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.party import Client
from otcfix.model.pricing import SLOTS, Explanation, Life, Match, Rule
from otcfix.model.rates import Rates
from otcfix.model.refusal import Refusal, wording
from otcfix.model.time import MS, Instant
from otcfix.pricing.rules import settings_of
from otcfix.sequencer.recovery import recover

SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class Hypothetical(NamedTuple):
    """What a price would be, from the rates of event *seq*; refused in words when there is none."""

    seq: int
    at: Instant
    why: Explanation | None
    refused: str | None


def hypothetical(
    store: Any,
    config: Config,
    client: Client,
    instrument: Instrument,
    side: Side,
    quantity: Decimal,
    age_ms: int | None,
) -> Hypothetical:
    """Price *quantity* (base) on the newest journaled rates, by the rules of *config*.

    State (inventory, measures, depth taken) is the database's. age_ms: how old every source is
    taken to be; None: as old as it was.
    Errors: Failed when no event carries rates of the instrument; ReplayDiffers.
    """
    seq, at, rates = newest_rates(store, instrument.symbol)
    if age_ms is not None:
        changed_at = at - age_ms * MS
        books = tuple(structs.replace(book, changed_at=changed_at) for book in rates.books)
        rates = structs.replace(rates, books=books)

    def bind(state: State) -> tuple[Any, Any]:
        words = Words(state)
        return words.parse, words.render

    state, _ = recover(store, config.id_key, bind)
    desk = config.to_desk()
    state.set_desk(desk, desk_hash(desk))
    event = Event(state.seq + 1, at, "R", None, at, facts=Facts(rates={rates.symbol: rates}))
    market = Market(Draft(state, event), instrument, client)
    made = market.price(side, quantity)
    if isinstance(made, Refusal):
        return Hypothetical(seq, at, None, wording(made))
    return Hypothetical(seq, at, market.explain("what-if", ((side, made),)), None)


def newest_rates(store: Any, symbol: str) -> tuple[int, Instant, Rates]:
    """The event that last carried rates of *symbol*, its time, and the rates. Errors: Failed."""
    decode = msgspec.json.Decoder(Facts).decode
    for seq, at, text in store.facts_back():
        if symbol in text:
            rates = decode(text).rates.get(symbol)
            if rates is not None and rates.books:
                return seq, at, rates
    raise Failed(
        NO, f"{symbol}: no event in the journal carries a price of it; ask for a quote first"
    )


# -- rules -----------------------------------------------------------------------------------


def slots_of(
    rules: Sequence[Rule], instrument: Instrument, client: Client, size: Decimal, at: Instant
) -> dict[str, dict[str, dict[str, Any] | None]]:
    """Per slot and side of the client: the rule that fills it and with what, None for none."""
    settings = settings_of(rules, instrument, client)
    found: dict[str, dict[str, dict[str, Any] | None]] = {}
    for slot in SLOTS:
        found[slot] = {}
        for name, side in SIDES.items():
            whole = slot == "sources"  # one market is made for both sides and every size
            filled = settings.slot(slot, None if whole else side, None if whole else size, at)
            found[slot][name] = {"rule": filled[0], "value": _table(filled[1])} if filled else None
    return found


def _table(value: Any) -> Any:
    """What a rule put into a slot, defaults included."""
    if not isinstance(value, msgspec.Struct):
        return value
    return {name: part for name, part in structs.asdict(value).items() if part not in (None, ())}


def traced(
    rules: Sequence[Rule], instrument: Instrument, client: Client, size: Decimal, at: Instant
) -> list[dict[str, Any]]:
    """Each rule in its order: what it fills, and the conditions of it that do not hold."""
    return [
        {
            "rule": rule.rule_id,
            "fills": [slot for slot in SLOTS if getattr(rule, slot) is not None],
            "fails": _fails(rule, instrument, client, size, at),
        }
        for rule in rules
    ]


def _fails(
    rule: Rule, instrument: Instrument, client: Client, size: Decimal, at: Instant
) -> list[str]:
    """The conditions of a rule that do not hold: each is tried alone, by the code that prices."""
    fails = []
    for name in Match.__struct_fields__:
        value = getattr(rule.match, name)
        if name == "zone" or value in ((), None):
            continue
        alone = Match(**{name: value, "zone": rule.match.zone})
        probe = Rule(rule.rule_id, alone, session_factor=Decimal(1))
        sides = [
            side_name
            for side_name, side in SIDES.items()
            if settings_of([probe], instrument, client).slot("session_factor", side, size, at)
        ]
        if not sides:
            fails.append(name)
        elif len(sides) == 1:
            fails.append(f"side: {sides[0]} only")
    return fails


# -- what a client is told of last look -----------------------------------------------------------


def disclosed(
    rules: Sequence[Rule], instruments: Sequence[Instrument], client: Client
) -> list[dict[str, Any]]:
    """How firm a client's quotes are, per instrument and rule that may hold, first match wins.

    hold_ms is how long an answer to a hit is held back on purpose: the desk never does (R19).
    """
    told = []
    for instrument in instruments:
        if instrument.symbol not in client.instruments and "*" not in client.instruments:
            continue
        lives = [
            (rule.rule_id, _conditions(rule.match), rule.life)
            for rule in settings_of(rules, instrument, client).rules
            if rule.life is not None
        ]
        lives.append(("instrument", "", Life()))
        always = next(n for n, (_, when, _) in enumerate(lives) if not when)
        for rule_id, when, life in lives[: always + 1]:
            own = life.quote_life_ms
            told.append(
                {
                    "symbol": instrument.symbol,
                    "rule": rule_id,
                    "when": when,
                    "quote_life_ms": instrument.quote_life_ms if own is None else own,
                    "last_look": life.last_look,
                    "tolerance_bps": life.tolerance_bps,
                    "hold_ms": 0,
                    "favourable_moves_count": life.improvement,
                }
            )
    return told


def _conditions(match: Match) -> str:
    """What a client can see of when a rule holds: side, size, time of the week."""
    words = []
    if match.side is not None:
        words.append(f"he {'buys' if match.side is Side.BUY else 'sells'}")
    if match.size_min is not None:
        words.append(f"from {match.size_min:f}")
    if match.size_max is not None:
        words.append(f"below {match.size_max:f}")
    if match.windows:
        words.append(f"{len(match.windows)} window(s) of the week, {match.zone}")
    return ", ".join(words)
