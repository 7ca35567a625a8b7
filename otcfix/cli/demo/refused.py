"""Scenes at the gate: who may not deal, who asks too often, a limit, and a client who is listed."""

import re
import time
from decimal import ROUND_DOWN, Decimal
from typing import Any

from otcfix import commands
from otcfix.cli.decision import document
from otcfix.cli.demo.guests import (
    OWN_LIST,
    SMALL_BURST,
    SMALL_NAME,
    SMALL_SIZE,
    SMALL_SIZE_MAX,
    list_person,
)
from otcfix.cli.demo.player import Expect, Player
from otcfix.cli.demo.screen import WIDTH, Screen
from otcfix.cli.demo.setting import SYMBOL
from otcfix.cli.demo.stage import Stage
from otcfix.cli.words import HEADER, is_refusal
from otcfix.fix.client import Heard
from otcfix.fix.wire import SOH
from otcfix.model.limit import SetLimit
from otcfix.model.proposal import Confirm
from otcfix.screening.lists_corpus import update_lists
from otcfix.store.decisions import judged_back

AWAY_BPS = Decimal(300)
"""How far below the offer an order is that only rests."""
LISTED_S = 10.0
TINY = "0.01"
AGAIN = re.compile(r"THROTTLED: .* try again in (\d+) ms")
MAKER, CHECKER = "alice", "bob"


def gated(stage: Stage, screen: Screen, expect: Expect) -> None:
    """All of them, one after the other."""
    names = stage.names
    guests = {name: Player(client, stage, screen) for name, client in stage.guests.items()}
    _three(stage, screen, [guests[n] for n in (names.papers, names.place, names.listed)], expect)
    small = guests[names.small]
    quote = _too_often(stage, screen, small, expect)
    if quote is None:
        return
    price = Decimal(quote.value(133)) * (1 - AWAY_BPS / 10_000)
    limit = f"{price.quantize(Decimal('0.01'), ROUND_DOWN):f}"
    cl_ord_id = _by_a_unit(stage, screen, small, limit, expect)
    if cl_ord_id:
        _listed(stage, screen, small, cl_ord_id, limit, expect)


# -- who may not deal ------------------------------------------------------------------------------


def _three(stage: Stage, screen: Screen, players: list[Player], expect: Expect) -> None:
    """Three reasons, one answer; the reasons stand in the journal."""
    papers, place, listed = (player.name for player in players)
    screen.scene(
        "Three clients who may not deal",
        f"{papers}'s KYC is over, {place} sits where no rule allows him, an owner of {listed} is "
        "on a list.",
    )
    answers = [player.ask("1", "buy") for player in players]
    refused = [a for a in answers if a is not None and is_refusal(a)]
    same = len({_told(answer) for answer in refused}) == 1
    expect(len(refused) == len(players), "a refusal of each who may not deal")
    expect(same, "one answer to all who may not deal, byte for byte")
    neutral = all(a.value(58) == "NOT_AUTHORISED: not authorised" for a in refused)
    expect(neutral, "no reason on the wire")
    if same:
        screen.say("\n  The same bytes for all three. Why stands in the journal alone:", "yellow")
    for player, check in zip(players, ("kyc", "jurisdiction", "screened"), strict=True):
        _explained(stage, screen, player.name, check, expect)


def _told(answer: Heard) -> str:
    """What was said, without header, trailer and the request's own id."""
    fields = (f for f in answer.text.split(SOH) if f)
    return SOH.join(f for f in fields if f.partition("=")[0] not in (*HEADER, "131"))


def _explained(stage: Stage, screen: Screen, client: str, check: str, expect: Expect) -> None:
    """The last decision about *client*, as `otcfix decision show` has it."""
    session = next(s.key for s in stage.config.sessions.session if s.client == client)
    with stage.books() as store:
        row = next(iter(judged_back(store, sessions=[session])), None)
        found = document(store, row.seq) if row is not None else None
    nothing: dict[str, Any] = {"told": "", "findings": ()}
    verdict = found["verdicts"][0] if found and found["verdicts"] else nothing
    expect(verdict["told"] == check, f"a refusal of {client} by the check {check}")
    if found is None or not verdict["told"]:
        return
    screen.say(f"\n  otcfix decision show {found['seq']}", "yellow")
    one: dict[str, Any] = next(f for f in verdict["findings"] if f["told"])
    screen.say(f"    refused {one['refusal']} by the check {one['check']}, for {client}")
    for name in ("measured", "limit", "detail"):
        for n, part in enumerate(p for p in one[name].split("; ") if p):
            _line(screen, "" if n else name, part)
    if check == "jurisdiction":
        _line(screen, "policy", found["policy_version"])
        rules = {rule.id: rule for rule in stage.config.jurisdictions.rule}
        if (rule := rules.get(one["measured"])) is not None:
            words = f"{rule.effect} {rule.jurisdiction}, {rule.legal_reference}".rstrip(", ")
            _line(screen, "rule", words)
        expect(bool(found["policy_version"]), "the version of the rules that decided")
    for hit in found["hits"]:
        _line(screen, "hit", f"{hit['entry']}, {hit['party']}: {hit['matched']}, {hit['score']}")
        _line(screen, "pieces", hit["pieces"])
    if check == "screened":
        expect(any(hit["pieces"] for hit in found["hits"]), "the pieces of the score")
        expect(bool(found["list_version"]), "the version of the lists that decided")


def _line(screen: Screen, name: str, text: str) -> None:
    """One piece of a finding; a long one goes on below itself."""
    head, room = f"      {name:<9} ", WIDTH - 16
    while text:
        cut = len(text) if len(text) <= room else text.rfind(" ", 0, room) + 1 or room
        screen.say(head + text[:cut].rstrip())
        head, text = " " * 16, text[cut:]


# -- too often, too much ---------------------------------------------------------------------------


def _too_often(stage: Stage, screen: Screen, player: Player, expect: Expect) -> Heard | None:
    """One request more than the burst; told when, and then let through. The last quote."""
    screen.scene(
        "One message too many",
        f"{player.name} may ask {SMALL_BURST} times at once and asks {SMALL_BURST + 1} times.",
    )
    quotes = [player.ask(TINY, "buy") for _ in range(SMALL_BURST)]
    quoted = all(q is not None and q.msg_type == "S" for q in quotes)
    expect(quoted, f"{SMALL_BURST} quotes for {player.name}")
    over = player.ask(TINY, "buy")
    told = AGAIN.match(over.value(58)) if over is not None else None
    expect(told is not None, "a refusal of one message too many, with the time to wait")
    if told is None:
        return None
    _explained(stage, screen, player.name, "throttle", expect)
    screen.say(f"  … {told[1]} ms pass", "yellow")
    time.sleep(int(told[1]) / 1000 + 0.005)
    again = player.ask(TINY, "buy")
    passed = again is not None and again.msg_type == "S"
    expect(passed, "a quote after the time that was told")
    return again if passed else None


def _by_a_unit(
    stage: Stage, screen: Screen, player: Player, price: str, expect: Expect
) -> str | None:
    """An order of one lot too much; two people raise the limit; it rests. Its ClOrdID."""
    screen.scene(
        "A limit, short by one lot",
        f"{player.name} may order {SMALL_SIZE_MAX} {SYMBOL} and bids for {SMALL_SIZE}.",
    )
    _, answer = player.limit("buy", SMALL_SIZE, price)
    over = bool(answer and is_refusal(answer) and answer.value(58).startswith("TOO_LARGE"))
    expect(over, "a refusal of the order above the limit")
    _explained(stage, screen, player.name, "order_size", expect)
    raised = SetLimit(
        f"client:{player.name}", f"instrument:{SYMBOL}", "order_size", Decimal(SMALL_SIZE),
        MAKER, "the client called",
    )  # fmt: skip
    screen.say(
        f"\n  otcfix limits set {raised.who} {raised.measure} {SMALL_SIZE} --what {raised.what} "
        f"--by {MAKER} --why ...",
        "yellow",
    )
    done = commands.send(stage.database, raised)
    screen.say(f"    {done.result.partition(':')[0]}")
    expect(done.waits, "a raised limit that waits for a second person")
    found = commands.register_of(stage.database).proposals.values()
    waiting = next((one.proposal_id for one in found if one.state == "OPEN"), "")
    expect(_confirmed(stage, screen, waiting, MAKER) == "", "no second pair of eyes in one person")
    expect(_confirmed(stage, screen, waiting, CHECKER) == "done", "a limit raised by two people")
    cl_ord_id, answer = player.limit("buy", SMALL_SIZE, price)
    rests = bool(answer and answer.msg_type == "8" and answer.value(150) == "0")
    expect(rests, "the same order accepted under the raised limit")
    return cl_ord_id if rests else None


def _confirmed(stage: Stage, screen: Screen, proposal_id: str, by: str) -> str:
    """What came of a confirmation; "" when it was refused."""
    screen.say(f"  otcfix approvals confirm {proposal_id} --by {by} --why ...", "yellow")
    try:
        result = commands.send(stage.database, Confirm(proposal_id, by, "seen")).result
    except commands.Refused as no:
        screen.say(f"    {no}")
        return ""
    screen.say(f"    {result}")
    return result


def _listed(
    stage: Stage, screen: Screen, player: Player, cl_ord_id: str, price: str, expect: Expect
) -> None:
    """His name comes on a list while his order rests: it is cancelled, and no more is dealt."""
    screen.scene(
        "A client is listed while an order of his rests",
        f'"{SMALL_NAME}" comes on the list "{OWN_LIST}"; the desk screens {player.name} again.',
    )
    list_person(stage.folder, "organisation", SMALL_NAME)
    screen.say(f"  otcfix sanctions update {OWN_LIST}", "yellow")
    (outcome,) = update_lists(stage.config, [OWN_LIST], by=MAKER)
    screen.say(f"    {outcome.what}: {outcome.text or 'one entry more'}")
    report = player.hear(lambda h: h.value(11) == cl_ord_id and h.value(150) == "4", LISTED_S)
    cancelled = bool(report and report.value(58).startswith("CANCELLED_BY_DESK"))
    expect(cancelled, "a cancel of the listed client's order, with no word why")
    _, answer = player.limit("buy", TINY, price)
    expect(bool(answer and is_refusal(answer)), "no order of the listed client")
    _explained(stage, screen, player.name, "screened", expect)
