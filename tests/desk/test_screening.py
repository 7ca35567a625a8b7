"""A verdict of screening opens the gate, and closes it: quotes, orders, streams, money."""

from decimal import Decimal

import pytest
from msgspec import structs

from otcfix.desk.state import State
from otcfix.model.event import MoveFunds
from otcfix.model.profile import BankAccount, Owner, Wallet
from otcfix.model.proposal import Confirm
from otcfix.model.screening import (
    BLOCK,
    CLEAR,
    REVIEW,
    ReleaseHit,
    ScreeningHit,
    ScreeningPolicy,
    ScreeningTrouble,
    ScreeningVerdict,
    ScreeningVerdicts,
)
from tests.conversation import Conversation
from tests.support.house_desk import ID_KEY, PROFILE, house_desk

POSSIBLE, CERTAIN = "0.9000", "0.9900"
LIMIT_ORDER = "C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1"
ASK = "C 35=R|131=R1|146=1|55=BTC/USD|38=1"
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
IBAN = "CH9300762011623852957"


def hit(score: str = CERTAIN, entry: str = "OWN:1", digest: str = "as-listed",
        party: str = "client Alpha") -> ScreeningHit:  # fmt: skip
    """One hit of ALPHA."""
    return ScreeningHit(party, entry, "own", digest, "Alpha Listed", Decimal(score), "exact")


@pytest.fixture
def desk() -> Conversation:
    """The house desk, everybody clear."""
    return Conversation()


def outcome(desk: Conversation, client_id: str = "ALPHA") -> str:
    """How the client stands."""
    return desk.state.clientele.screened[client_id].outcome


REFUSED = "D 35=AG|131=R1|658=6|58=NOT_AUTHORISED: ..."
QUOTED = "D 35=S|131=R1|117=Q1"


def asks(desk: Conversation, answer: str, session: str = "A44") -> None:
    """ALPHA asks for a quote and hears *answer*."""
    desk.client(session).talk(f"{ASK}\n{answer}")


# -- what opens and what closes ------------------------------------------------------------------


def test_a_client_without_a_verdict_hears_no_and_deals_once_there_is_one() -> None:
    """Screening has not spoken: no quote."""
    desk = Conversation(screens=False)
    asks(desk, REFUSED)
    desk.screened()
    desk.client("A44").talk("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|131=R2|117=Q1")
    desk.finish()


@pytest.mark.parametrize(
    ("score", "stands"),
    [("0.8799", CLEAR), ("0.8800", REVIEW), ("0.9499", REVIEW), ("0.9500", BLOCK), ("1", BLOCK)],
)
def test_the_highest_score_says_how_he_stands(desk: Conversation, score: str, stands: str) -> None:
    """Both thresholds count as reached; below review_min nothing is held against him."""
    desk.screened(hit("0.5000"), hit(score, "OWN:2"), client_id="ALPHA")
    assert outcome(desk) == stands
    asks(desk, QUOTED if stands == CLEAR else REFUSED)
    desk.finish()


def test_a_verdict_on_who_he_was_does_not_open(desk: Conversation) -> None:
    """He has a new owner; the verdict that comes is on the client without her."""
    old = desk.state.clientele.digest_of("ALPHA")
    with_her = structs.replace(PROFILE, owners=(Owner("Jane Doe", Decimal(60)),))
    shut = Conversation(house_desk(clients={"ALPHA": {"profile": with_her}}), screens=False)
    shut.tell(ScreeningVerdicts("lists-1", (ScreeningVerdict("ALPHA", old),)))
    assert outcome(shut) == CLEAR
    asks(shut, REFUSED)
    shut.finish()


def test_a_late_verdict_on_who_he_was_does_not_take_the_new_one_away(desk: Conversation) -> None:
    """What screening had begun before a change of the client arrives after the right verdict."""
    desk.tell(ScreeningVerdicts("lists-1", (ScreeningVerdict("ALPHA", "of before", (hit(),)),)))
    assert outcome(desk) == CLEAR
    asks(desk, QUOTED)
    desk.finish()


def test_a_verdict_of_nobody_is_left_out(desk: Conversation) -> None:
    """The client has left the configuration meanwhile."""
    desk.tell(ScreeningVerdicts("lists-1", (ScreeningVerdict("GONE", "digest", (hit(),)),)))
    assert "GONE" not in desk.state.clientele.screened
    desk.finish()


def test_a_verdict_that_is_too_old_closes_to_the_microsecond() -> None:
    """It holds for verdict_age_max_days, and what stands by it is cancelled when they are over."""
    desk = Conversation(house_desk(screening=ScreeningPolicy(verdict_age_max_days=2)))
    alpha = desk.client("A44")
    alpha.talk(f"{LIMIT_ORDER}\nD 35=8|150=0|39=0|11=A1")
    ends = desk.state.clientele.screened["ALPHA"].at + 2 * 86_400_000_000
    desk.clock.go(ends - 1)
    desk.rates.tick()
    desk.step()
    assert desk.order("A1") is not None
    desk.clock.go(ends)
    desk.rates.tick()
    desk.step()
    assert desk.order("A1") is None
    alpha.talk("D 35=8|150=4|39=4|11=A1|58=CANCELLED_BY_DESK: ...")
    desk.screened(client_id="ALPHA")
    desk.finish()


# -- what stands when somebody is listed ---------------------------------------------------------


@pytest.mark.parametrize("score", [POSSIBLE, CERTAIN])
def test_who_is_listed_loses_quotes_orders_and_streams_and_nobody_else_does(
    desk: Conversation, score: str
) -> None:
    """The text is that of every desk cancel: it does not say why (R23)."""
    alpha, beta = desk.client("A44"), desk.client("B44")
    alpha.talk(f"{LIMIT_ORDER}\nD 35=8|150=0|39=0|11=A1\n{ASK}\n{QUOTED}")
    alpha.talk("C 35=V|262=M1|263=1|264=1|265=0|267=2|269=0|269=1|146=1|55=BTC/USD\nD 35=W|262=M1")
    beta.talk("C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1\nD 35=8|150=0|39=0|11=B1")
    desk.screened(hit(score), client_id="ALPHA")
    desk.prices("BTC/USD", bid="100000.00", offer="100102.00")
    heard = {said.kind: said for said in alpha.hears_all()}
    assert set(heard) == {"Z", "8", "W"}
    assert heard["Z"].get(131) == "R1"
    assert (heard["8"].get(150), heard["8"].get(11)) == ("4", "A1")
    assert heard["8"].get(58).startswith("CANCELLED_BY_DESK")
    assert heard["W"].get(268) == "0", "his book is empty"
    assert desk.order("A1") is None
    assert desk.order("B1", "BETA") is not None
    assert any("OWN:1" in alert and score in alert for alert in desk.alerts)
    desk.finish()


def test_a_hit_that_is_found_again_is_not_told_again(desk: Conversation) -> None:
    """A refresh that finds the same says nothing new; another entry does."""
    desk.screened(hit(), client_id="ALPHA")
    told = len(desk.alerts)
    desk.screened(hit(), client_id="ALPHA")
    assert len(desk.alerts) == told
    desk.screened(hit(), hit(entry="OWN:9"), client_id="ALPHA")
    assert len(desk.alerts) == told + 1
    desk.finish()


def test_an_order_of_a_client_who_waits_to_be_screened_rests() -> None:
    """He has changed: it is not filled before screening has spoken, and it is not lost."""
    desk = Conversation()
    alpha = desk.client("A44")
    alpha.talk(f"{LIMIT_ORDER}\nD 35=8|150=0|39=0|11=A1")
    desk.screens = False
    owners = (Owner("Jane Doe", Decimal(60)),)
    changed = structs.replace(PROFILE, owners=owners)
    desk.restarts(house_desk(clients={"ALPHA": {"profile": changed}}))
    alpha.logs_on()
    desk.prices("BTC/USD", bid="89000.00", offer="89100.00")
    assert desk.order("A1") is not None
    desk.screened()
    desk.prices("BTC/USD", bid="88999.00", offer="89099.00")
    assert desk.order("A1") is None
    alpha.talk("D 35=8|150=F|39=2|11=A1")
    desk.finish()


def test_trouble_with_screening_is_an_alert(desk: Conversation) -> None:
    """Lists refused, a worker that died: staff reads of it."""
    desk.tell(ScreeningTrouble("lists refused: own.csv:3: no name"))
    assert desk.alerts[-1] == "screening: lists refused: own.csv:3: no name"


# -- releases ------------------------------------------------------------------------------------


def release(desk: Conversation, by: str = "kim", entry: str = "OWN:1") -> str:
    """Somebody asks for the release of a hit of ALPHA: the proposal's id, or the refusal."""
    alert = desk.tell(ReleaseHit("ALPHA", entry, by, "another birth")).alerts[-1]
    waits = "waits for a second person as "
    return alert.removeprefix(waits).partition(":")[0] if alert.startswith(waits) else alert


def test_one_person_releases_nothing_and_two_do(desk: Conversation) -> None:
    """The second one is another person; the client deals at once."""
    desk.screened(hit(), client_id="ALPHA")
    proposal = release(desk)
    assert outcome(desk) == BLOCK
    assert desk.tell(Confirm(proposal, "kim", "me again")).alerts[-1].startswith("refused")
    asks(desk, REFUSED)
    desk.tell(Confirm(proposal, "lee", "agreed"))
    assert outcome(desk) == CLEAR
    good = desk.state.clientele.good_guys["ALPHA", "OWN:1"]
    assert (good.made_by, good.checked_by, good.entry_digest) == ("kim", "lee", "as-listed")
    desk.client("A44").talk("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|131=R2|117=Q1")
    desk.finish()


def test_of_two_hits_the_one_that_is_not_released_still_counts(desk: Conversation) -> None:
    """Blocked by one and under review for another: the first is released."""
    desk.screened(hit(), hit(POSSIBLE, "OWN:2"), client_id="ALPHA")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    assert outcome(desk) == REVIEW


@pytest.mark.parametrize(
    "again",
    [hit(digest="changed since"), hit(entry="OWN:7"), hit(party="owner Jane Doe")],
    ids=["the entry changed", "another entry of that name", "another party of his"],
)
def test_a_release_holds_for_what_was_looked_at_and_for_nothing_else(
    desk: Conversation, again: ScreeningHit
) -> None:
    """The good guy is tied to entry, digest and party; the same hit again stays released."""
    desk.screened(hit(), client_id="ALPHA")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    desk.screened(hit(), client_id="ALPHA")
    assert outcome(desk) == CLEAR
    desk.screened(again, client_id="ALPHA")
    assert outcome(desk) == BLOCK


def test_an_entry_that_changes_between_the_two_people_is_not_released(desk: Conversation) -> None:
    """The second person would confirm what the first has not seen."""
    desk.screened(hit(), client_id="ALPHA")
    proposal = release(desk)
    desk.screened(hit(digest="changed since"), client_id="ALPHA")
    decided = desk.tell(Confirm(proposal, "lee", "agreed"))
    assert decided.alerts[-1].startswith("refused: OWN:1 has changed")
    assert outcome(desk) == BLOCK


def test_only_a_hit_can_be_released_and_only_once(desk: Conversation) -> None:
    """An entry that is none of his is refused, and so is one that is released."""
    assert release(desk) == "refused: ALPHA has no hit on OWN:1"
    desk.screened(hit(), client_id="ALPHA")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    assert release(desk) == "refused: OWN:1 is released for ALPHA"


def test_a_release_does_not_make_a_verdict_younger(desk: Conversation) -> None:
    """When he was screened stays; so it still grows too old."""
    desk.screened(hit(), client_id="ALPHA")
    before = desk.state.clientele.screened["ALPHA"]
    desk.at("+10s")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    after = desk.state.clientele.screened["ALPHA"]
    assert (after.at, after.list_version) == (before.at, before.list_version)


# -- money ---------------------------------------------------------------------------------------


def withdraws(desk: Conversation, to: str = "", asset: str = "USD") -> str:
    """ALPHA's withdrawal of one unit: "" when it is booked, else the refusal."""
    out = MoveFunds("ALPHA", asset, Decimal(-1), "custody", "ref", "staff", to)
    return next(iter(desk.tell(out).alerts), "")


@pytest.mark.parametrize(("score", "word"), [(CERTAIN, "is frozen"), (POSSIBLE, "for a review")])
def test_money_of_a_listed_client_stays_and_may_come_in(
    desk: Conversation, score: str, word: str
) -> None:
    """R23: withdrawals are refused, deposits booked; the release lets it go."""
    desk.screened(hit(score), client_id="ALPHA")
    assert word in withdraws(desk)
    desk.moves_funds("ALPHA", "USD", "5")
    desk.books("ALPHA", USD="500005.00")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    assert withdraws(desk) == ""
    desk.books("ALPHA", USD="500004.00")


def paid() -> Conversation:
    """ALPHA has a wallet for BTC and ETH each, and a bank."""
    wallets = (Wallet("ETH", WALLET), Wallet("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"))
    profile = structs.replace(PROFILE, wallets=wallets, banks=(BankAccount(IBAN),))
    return Conversation(house_desk(clients={"ALPHA": {"profile": profile}}))


@pytest.mark.parametrize(
    ("to", "asset"),
    [
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "BTC"),
        ("CH93 0076 2011 6238 5295 7", "USD"),
        (IBAN.lower(), "USD"),
    ],
)
def test_money_goes_to_what_is_his_own(to: str, asset: str) -> None:
    """A whitelisted wallet of that asset, or his IBAN however it is written."""
    assert withdraws(paid(), to, asset) == ""


@pytest.mark.parametrize(
    ("to", "asset"),
    [
        ("1boatslrhtknngkdxeeobr76b53letTPYT", "BTC"),  # base58 is not the same in small letters
        (WALLET, "BTC"),  # his, but for another asset
        ("0x0000000000000000000000000000000000000001", "ETH"),
    ],
)
def test_money_goes_nowhere_else(to: str, asset: str) -> None:
    """What is not whitelisted is refused, and staff sees why."""
    desk = paid()
    assert "is no wallet of ALPHA" in withdraws(desk, to, asset)


@pytest.mark.parametrize("to", [IBAN, ""])
def test_money_goes_only_when_he_is_clear_as_he_is_now(to: str) -> None:
    """It stays when a verdict is of who he was; to a named destination without one as well."""
    desk = paid()
    known = desk.state.clientele.screened.pop("ALPHA")
    assert ("never screened" in withdraws(desk, to)) == bool(to)
    desk.state.clientele.screened["ALPHA"] = structs.replace(known, subject_digest="other")
    assert "he has changed since" in withdraws(desk, to)


def test_a_deposit_has_no_destination(desk: Conversation) -> None:
    """It is refused rather than dropped."""
    decided = desk.tell(MoveFunds("ALPHA", "USD", Decimal(1), "custody", "r", "staff", IBAN))
    assert decided.alerts == ("refused: only a withdrawal has a destination",)


# -- what is kept --------------------------------------------------------------------------------


def test_verdicts_and_releases_come_back_from_a_snapshot_and_from_the_journal(
    desk: Conversation,
) -> None:
    """After a restart, and replayed from nothing, State is the same to the byte."""
    desk.screened(hit(), hit(POSSIBLE, "OWN:2"), client_id="ALPHA")
    desk.tell(Confirm(release(desk), "lee", "agreed"))
    desk.screened(hit(POSSIBLE, "OWN:3"), client_id="BETA")
    before = desk.state.dump()
    assert State.load(before, ID_KEY).dump() == before
    again = desk.replay_onto(State(ID_KEY))
    for row in desk.store.journal(0):
        again.step(row)
    assert again.state.dump() == before
    desk.snapshots()
    desk.restarts()
    assert (outcome(desk), outcome(desk, "BETA")) == (REVIEW, REVIEW)
    assert desk.state.clientele.good_guys["ALPHA", "OWN:1"].checked_by == "lee"
    desk.finish()
