"""Scenes about prices: why a quote was as it was, and what becomes of it when sources fail."""

from decimal import Decimal

from otcfix.cli.demo.player import Expect, Player
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import LPX, LPX_SOURCE, SYMBOL
from otcfix.cli.demo.stage import Stage
from otcfix.cli.demo.streams import QUIET_S
from otcfix.cli.price_words import side_of, summed
from otcfix.cli.words import is_refusal
from otcfix.model.pricing import Explanation, SideExplained

SEEN_S = 5.0
CENT = Decimal("0.01")
BP = Decimal("0.0001")


def explained(stage: Stage, screen: Screen, quote_id: str, expect: Expect) -> None:
    """Why the client's buying price was what it was: every source, every part, their sum."""
    why = _explanation(stage, quote_id)
    expect(why is not None, f"an explanation of the quote {quote_id}")
    if why is None:
        return
    used = {source for source, _, _ in why.used}
    expect(used == set(stage.sources), f"a price from {', '.join(stage.sources)}; from {used}")
    side = next(side for side in why.sides if side_of(side) == "buy")
    screen.say(f"\n  otcfix price explain {quote_id}", "yellow")
    _show_sources(screen, why)
    _show_parts(screen, why, side)


def crossed(stage: Stage, screen: Screen, player: Player, expect: Expect) -> None:
    """One source shows a book that cannot be: it is left out, and the explanation says why."""
    screen.scene(
        "A source with a crossed book", f"{LPX} bids above its own offer; {player.name} asks again."
    )
    expect(stage.cross(SEEN_S), f"{LPX_SOURCE} unusable with a crossed book")
    quote = player.ask("0.5", "buy")
    made = quote is not None and quote.msg_type == "S"
    expect(made, "a quote from the other sources")
    why = _explanation(stage, quote.value(117)) if quote and made else None
    if why is not None:
        _show_sources(screen, why)
        reasons = dict(why.refused)
        expect("cross" in reasons.get(LPX_SOURCE, ""), f"{LPX_SOURCE} left out as crossed")
        others = set(stage.sources) - {LPX_SOURCE}
        expect({source for source, _, _ in why.used} == others, "a price from all the others")
    expect(stage.resume(SEEN_S), f"{LPX_SOURCE} back after a sane book")


def stalled(stage: Stage, screen: Screen, player: Player, expect: Expect) -> None:
    """Every source freezes while its line lives: no stream, no quote; then all is well again."""
    screen.scene(
        "Every source stalls",
        f"Their lines live, but nothing new comes. {player.name} has a stream, and asks.",
    )
    md_req_id = player.subscribe()
    expect(player.streamed() is not None, "a stream before the sources stalled")
    age_ms = max(i.price_age_max_ms for i in stage.config.desk.instrument if i.symbol == SYMBOL)
    screen.say(f"  venues: all stall; after {age_ms / 1000:g} s their prices are too old", "yellow")
    stage.stall()
    empty = player.streamed(age_ms / 1000 + SEEN_S, empty=True)
    expect(empty is not None, "an empty book once every source was stale")
    answer = player.ask("0.5", "buy")
    refused = answer is not None and answer.msg_type == "AG" and is_refusal(answer)
    expect(refused, "a refusal to quote without a fresh source")
    screen.say("  venues: all go on", "yellow")
    expect(stage.resume(SEEN_S), "all sources back")
    expect(player.streamed() is not None, "a stream that goes on")
    expect(player.unsubscribe(md_req_id, QUIET_S) == 0, "silence after the end of a stream")


def _explanation(stage: Stage, quote_id: str) -> Explanation | None:
    with stage.books() as store:
        found = store.explanation(quote_id)
    return None if found is None else found[1]


def _show_sources(screen: Screen, why: Explanation) -> None:
    rows = [(source, "", f"{mid:.2f}", f"{age} ms") for source, mid, age in why.used]
    rows += [(source, f"left out: {reason}", "", "") for source, reason in why.refused]
    screen.table(f"Reference {why.mid:.2f}", ("source", "", "mid", "age"), rows)


def _show_parts(screen: Screen, why: Explanation, side: SideExplained) -> None:
    rows = [("mid", "", f"{why.mid.normalize():f}", "")]
    rows += [
        (part.name, part.rule, f"{part.amount.normalize():+f}", f"{part.bps.quantize(BP):+f}")
        for part in side.components
    ]
    total = summed(why, side)
    rows.append(("sum", "exactly the price", f"{side.price:f}", f"{total.quantize(BP):+f}"))
    title = f"{why.client_id} buys {side.quantity.normalize():f} at {side.price:f}"
    screen.table(title, ("part", "rule", "amount", "bps"), rows)
