"""The laws of the house, held against a whole conversation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import TYPE_CHECKING

from otcfix.desk.state import State, base_left
from otcfix.ledger.chart import describe
from otcfix.model.client_commands import ChangeSettlementLimit
from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.messages import Side
from otcfix.model.money import Asset, to_minor
from otcfix.model.quote import LIVE
from otcfix.model.record import OutboxRow
from otcfix.model.refusal import Refusal
from otcfix.model.time import utc_timestamp
from otcfix.model.trade import Trade
from otcfix.sequencer.recovery import fingerprint
from otcfix.sequencer.streamed import streamed
from otcfix.store.journal import GENESIS, chained
from tests.support.house_desk import ID_KEY
from tests.support.world import SOH, Heard

if TYPE_CHECKING:
    from tests.conversation import Conversation

CODE = re.compile(r"([A-Z_]+)(?: tag=\d+)?(?:: | of OrderID )")
"""Text(58) of a refusal."""

Told = tuple[Event, Decision, list[OutboxRow]]

TRADED = frozenset(
    f"{what}{how}"
    for what, hows in {
        "base": ("_leg", "_reversed"),
        "terms": ("_leg", "_reversed"),
        "fee": ("", "_reversed"),
        "spread": ("", "_reversed"),
    }.items()
    for how in hows
)
"""Codes of the transfers of a trade and of its bust."""


def hold(conversation: Conversation) -> None:
    """Everything that must be true after any conversation."""
    decided = [one for one in conversation.told if one[0].seq <= conversation.state.seq]
    failed = [(e.seq, d.failed) for e, d, _ in decided if d.failed]
    assert len(failed) == conversation.failures_expected, f"failed decisions: {failed}"
    trial_balance(conversation)
    holds_are_held(conversation.state)
    obligations_are_owed(conversation.state)
    floors(conversation.state, lowered_limits(conversation))
    counts_are_counted(conversation.state)
    reports(conversation)
    reasons_are_told(conversation)
    quotes_do_not_cross(conversation)
    executed_once(decided)
    inventory_is_counted(conversation.state, decided)
    standing_trades_are_posted(conversation.state, decided)
    journal_verifies(conversation)
    replays(conversation)
    if any(decision.streams for _, decision, _ in decided):
        streams_are_said_again(conversation)


# -- law 3: value is never made or lost ----------------------------------------------------------


def trial_balance(conversation: Conversation) -> None:
    """Balances sum to zero in every asset, and are the sum of the committed transfers."""
    sums: dict[str, int] = {}
    for account, balance in conversation.state.balances.items():
        asset = account.rsplit(":", 1)[1]
        sums[asset] = sums.get(asset, 0) + balance
    assert not any(sums.values()), f"trial balance: {sums}"
    moved = {a: b for a, b in conversation.store.balances().items() if b}
    kept = {a: b for a, b in conversation.state.balances.items() if b}
    assert moved == kept, "State has other balances than the store"
    assert conversation.store.check_balances() == [], "balances are not the sum of transfers"


def holds_are_held(state: State) -> None:
    """What open orders hold is what stands on the held accounts, to the minor unit."""
    held: dict[str, int] = {}
    for order in state.orders.values():
        if order.held:
            account = f"client/{order.client_id}:held:{order.held_asset}"
            held[account] = held.get(account, 0) + order.held
    found = {a: b for a, b in state.balances.items() if ":held:" in a and b}
    assert held == found, f"orders hold {held}, accounts say {found}"


def obligations_are_owed(state: State) -> None:
    """Receivable and payable are the sums of the open obligations."""
    owed: dict[str, int] = {}
    for key, amount in state.obligations.items():
        client_id, asset, _ = key.split("|")
        account = f"client/{client_id}:{'receivable' if amount > 0 else 'payable'}:{asset}"
        owed[account] = owed.get(account, 0) + amount
    found = {
        a: b
        for a, b in state.balances.items()
        if b and a.split(":")[1] in ("receivable", "payable")
    }
    assert owed == found, f"obligations {owed}, accounts say {found}"


def counts_are_counted(state: State) -> None:
    """What State counts and indexes is what it holds."""
    live = [q for q in state.quotes.values() if q.state == LIVE]
    orders = list(state.orders.values())
    for counted, each in (
        (state.open_quotes, [q.client_id for q in live]),
        (state.quoted, [q.symbol for q in live]),
        (state.open_orders, [o.client_id for o in orders]),
    ):
        assert counted == {key: each.count(key) for key in each}, f"counted {counted}"
    leaves: dict[tuple[str, str, Side], Decimal] = {}
    for order in orders:
        key = (order.client_id, order.symbol, order.side)
        leaves[key] = leaves.get(key, Decimal(0)) + base_left(order)
    assert state.leaves == leaves, f"leaves {state.leaves}, orders say {leaves}"
    named = {(o.scope, cl_ord_id): o.order_id for o in orders for cl_ord_id, _ in o.chain}
    assert named == state.order_of_id, "ClOrdIDs lead elsewhere"
    waiting = {order_id for queue in state.resting.values() for order_id in queue}
    assert waiting == set(state.orders), "an open order waits for no rates"
    for queue in state.resting.values():
        places = [state.orders[order_id].accepted_seq for order_id in queue]
        assert places == sorted(places), "resting orders stand out of order"


def floors(state: State, lowered: AbstractSet[tuple[str, str]] = frozenset()) -> None:
    """No client account is below its floor, unless its limit was lowered under its use (R23)."""
    for name, balance in state.balances.items():
        client_id = name.split(":")[0].removeprefix("client/")
        asset = name.rsplit(":", 1)[1]
        if (client_id, asset) in lowered and ":available:" in name:
            continue
        floor = describe(name, -state.floor(client_id, asset)).floor
        assert floor is None or balance >= floor, f"{name} stands at {balance}"


def lowered_limits(conversation: Conversation) -> set[tuple[str, str]]:
    """Whose settlement limits, in which asset, staff has changed."""
    told = (event.body for event, _, _ in conversation.told)
    return {(b.client_id, b.asset) for b in told if isinstance(b, ChangeSettlementLimit)}


# -- what was said -----------------------------------------------------------------------------


def reports(conversation: Conversation) -> None:
    """rules.md section 2, item 3, over every ExecutionReport that was said.

    A14: reports go to the session of the order's last accepted request. Who replaces an order from
    another session hears the rest of its fills there, so an order's fills are summed up over all
    sessions that have had it, in the order of the outbox; each drop copy must tell them all alone.
    """
    at = {e.seq: e.at for e, _, _ in conversation.told}
    known: dict[str, str] = {}
    said = [
        (heard.row.outbox_id, heard, line)
        for line in conversation.wire.lines.values()
        for heard in line.heard + line.waiting
        if heard.kind == "8" and heard.row is not None and not line.own_words
    ]
    told: dict[str, _Fills] = {}
    for _, heard, line in sorted(said, key=lambda one: one[0]):
        assert heard.row is not None
        _report(heard, line.version, at[heard.row.seq])
        _unique(heard, known)
        told.setdefault(line.key if line.copies else "", _Fills()).tell(heard)


def _report(heard: Heard, version: str, at: int) -> None:
    status, kind = heard.get(39), heard.get(150)
    quantity, done, left = (Decimal(heard.get(tag, "0")) for tag in (38, 14, 151))
    if status in ("0", "1", "5"):
        assert quantity == done + left, f"38 is not 14 + 151: {heard}"
    if status in ("2", "4", "8", "C"):
        assert left == 0, f"151 of a closed order: {heard}"
    assert not {status, kind} & {"A", "6", "E"}, f"a pending state (A13): {heard}"
    if kind == "8":
        nothing_done = [Decimal(heard.get(tag)) for tag in (14, 151, 6)] == [0, 0, 0]
        assert nothing_done, f"a refused order has quantities: {heard}"
        assert heard.get(37) == "NONE", f"a refused order has an OrderID: {heard}"
    assert heard.get(60) == utc_timestamp(at), f"60 is not the decision's time: {heard}"
    if _is_fill(heard, version):
        assert heard.get(75), f"a fill without TradeDate(75): {heard}"
        assert heard.get(64), f"a fill without SettlDate(64): {heard}"
        assert Decimal(heard.get(32)) > 0, f"a fill of nothing: {heard}"
        assert done > 0, f"14 after a fill: {heard}"
    else:
        nothing = {"", "0"} if version == "FIX.4.2" else {""}
        assert heard.get(31) in nothing, f"31 on a report that is no fill: {heard}"
        assert heard.get(32) in nothing, f"32 on a report that is no fill: {heard}"
        assert kind != "F", f"150=F without a fill: {heard}"


def _is_fill(heard: Heard, version: str) -> bool:
    """A fill, or what a fill should have been."""
    if version == "FIX.4.2":
        return heard.get(20) == "2" or (heard.get(20) == "0" and heard.get(150) in ("1", "2"))
    return heard.get(150) in ("F", "G")


def _unique(heard: Heard, known: dict[str, str]) -> None:
    """ExecID(17) is unique for ever; a copy or a repetition says the same again."""
    exec_id = heard.get(17)
    if exec_id == "0":
        return
    status = heard.get(39).replace("5", "0")  # 39=5, replaced, is 4.2's alone
    said = f"{heard.get(37)} {heard.get(11)} {status} {heard.get(14)} {heard.get(60)}"
    assert known.setdefault(exec_id, said) == said, f"17 was used before: {heard}"


class _Fills:
    """What a listener knows of every order's fills: quantity and value, each ExecID once."""

    def __init__(self) -> None:
        self._counted: set[str] = set()
        self._done: dict[str, tuple[Decimal, Decimal]] = {}
        self._fills: dict[str, tuple[Decimal, Decimal]] = {}

    def tell(self, heard: Heard) -> None:
        """14 is the sum of 32; 6 x 14 that of 31 x 32, within half a unit of 6's tenth digit."""
        order_id, exec_id = heard.get(37), heard.get(17)
        if order_id == "NONE" or exec_id in self._counted:
            return
        if exec_id != "0":
            self._counted.add(exec_id)
        quantity, value = self._done.get(order_id, (Decimal(0), Decimal(0)))
        gone = heard.get(19)
        if gone:
            assert gone in self._fills, f"ExecRefID(19) names no fill that stands: {heard}"
            before, worth = self._fills.pop(gone)
            quantity, value = quantity - before, value - worth
        last = Decimal(heard.get(32) or 0)
        if last:
            worth = last * Decimal(heard.get(31))
            self._fills[exec_id] = last, worth
            quantity, value = quantity + last, value + worth
        self._done[order_id] = quantity, value
        done = Decimal(heard.get(14))
        assert done == quantity, f"CumQty(14) is not {quantity}: {heard}"
        off = abs(Decimal(heard.get(6)) * done - value)
        assert off <= done * Decimal("0.5E-10"), f"AvgPx(6) is off by {off}: {heard}"


def reasons_are_told(conversation: Conversation) -> None:
    """Every refusal says `CODE tag=n: words` in Text(58), CODE one of the published ones (2.11)."""
    known = {refusal.name for refusal in Refusal}
    for line in conversation.wire.lines.values():
        for heard in line.heard + line.waiting:
            refused = any(heard.get(tag) for tag in (103, 102, 658, 300, 380))
            if heard.kind != "3" and refused and not line.own_words:
                found = CODE.match(heard.get(58))
                assert found, f"no reason: {heard}"
                assert found.group(1) in known, f"an unknown reason: {heard}"


def quotes_do_not_cross(conversation: Conversation) -> None:
    """No two-way quote has its bid above its offer."""
    for line in conversation.wire.lines.values():
        for heard in line.heard:
            if heard.kind == "S" and heard.get(132) and heard.get(133):
                assert Decimal(heard.get(132)) <= Decimal(heard.get(133)), f"crossed: {heard}"


def executed_once(decided: Iterable[Told]) -> None:
    """No ClOrdID of a client led to two orders, and no ExecID stands for two trades (law 6)."""
    orders: dict[tuple[str, str], str] = {}
    trades: set[str] = set()
    for event, decision, _ in decided:
        for use in decision.uses:
            if use.accepted and use.kind in ("D", "G"):
                key = (use.scope, use.cl_ord_id)
                assert key not in orders, f"event {event.seq}: {key} led to {orders[key]} already"
                orders[key] = use.order_id
        for trade in decision.trades:
            assert trade.exec_id not in trades, f"event {event.seq}: {trade.exec_id} twice"
            trades.add(trade.exec_id)


# -- the journal -------------------------------------------------------------------------------


def inventory_is_counted(state: State, decided: list[Told]) -> None:
    """What the desk holds itself is what clients sold it, less what they bought, plus hedges."""
    if not decided or decided[0][0].seq != 1:
        return  # the conversation goes on with an older store
    held: dict[str, Decimal] = {}
    for _, decision, _ in decided:
        for change in decision.changes:
            gone = change.trade
            step = gone.base_amount if gone.side is Side.BUY else -gone.base_amount
            held[gone.symbol] = held.get(gone.symbol, Decimal(0)) + step
        for deal in (*decision.trades, *decision.hedge_fills):
            ours = deal.side is Side.BUY
            if isinstance(deal, Trade):
                ours = not ours
            step = deal.base_amount if ours else -deal.base_amount
            held[deal.symbol] = held.get(deal.symbol, Decimal(0)) + step
    for symbol in (*held, *state.register.instruments):
        assert state.inventory(symbol) == held.get(symbol, 0), f"inventory of {symbol}"


def standing_trades(decided: Iterable[Told]) -> list[Trade]:
    """The trades that were neither busted nor corrected."""
    trades: dict[str, Trade] = {}
    for _, decision, _ in decided:
        trades |= {trade.exec_id: trade for trade in decision.trades}
        for change in decision.changes:
            assert change.trade.exec_id in trades, f"{change.trade.exec_id} does not stand"
            del trades[change.trade.exec_id]
    return list(trades.values())


def standing_trades_are_posted(state: State, decided: list[Told]) -> None:
    """The legs, fees and spreads that the ledger has, busts and corrections included, are exactly
    those of the trades that stand."""
    if not decided or decided[0][0].seq != 1:
        return  # the conversation goes on with an older store
    wanted: dict[tuple[str, str], int] = {}

    def add(who: str, asset: Asset, amount: Decimal) -> None:
        minor = wanted.get((who, asset.code), 0) + to_minor(amount, asset)
        wanted[who, asset.code] = minor

    for trade in standing_trades(decided):
        instrument = state.register.instruments.get(trade.symbol)
        if instrument is None:
            return  # gone from the configuration
        sign = 1 if trade.side is Side.BUY else -1
        add(trade.client_id, instrument.base, sign * trade.base_amount)
        add(trade.client_id, instrument.terms, -sign * trade.terms_amount - trade.fee)
        add("fees", instrument.terms, trade.fee)
        add("pnl", instrument.terms, trade.spread)
    posted: dict[tuple[str, str], int] = {}
    for _, decision, _ in decided:
        for transfer in decision.transfers:
            if transfer.code in TRADED:
                for account, step in ((transfer.credit, 1), (transfer.debit, -1)):
                    owner, kind, asset = account.rsplit(":", 2)
                    who = owner.removeprefix("client/") if owner != "desk" else kind
                    posted[who, asset] = posted.get((who, asset), 0) + step * transfer.amount
    found = {key: n for key, n in posted.items() if n and key[0] != "position"}
    assert found == {key: n for key, n in wanted.items() if n}, "not what the trades say"


def journal_verifies(conversation: Conversation) -> None:
    """Every link of the journal's hash chain follows from the one before it, without a gap."""
    link = GENESIS
    for number, row in enumerate(conversation.store.journal(), 1):
        assert row.seq == number, f"event {row.seq} stands where {number} should"
        link = chained(
            link,
            row.seq,
            row.at,
            row.kind,
            row.session,
            row.epoch,
            row.msg_seq_num,
            row.received_at,
            row.text,
            row.facts,
            row.digest,
            row.verdicts,
        )
        assert row.hash == link, f"event {row.seq}: the chain is broken"
        assert not _secret(row.text), f"event {row.seq} holds a secret"


def _secret(text: str) -> bool:
    fields = text.split(SOH)
    return any(f.startswith(("554=", "925=", "96=")) and not f.endswith("=***") for f in fields)


def replays(conversation: Conversation) -> None:
    """The journal gives the same decisions, digests and balances again, and so it does when State
    goes through a snapshot in its middle."""
    rows = list(conversation.store.journal())
    again = State(ID_KEY)
    replay = conversation.replay_onto(again)
    middle = len(rows) // 2
    for row in rows[:middle]:
        replay.step(row)
    kept = again.dump()
    for row in rows[middle:]:
        replay.step(row)
    assert replay.fingerprint == fingerprint(rows), "the replay has another fingerprint"
    assert again.dump() == conversation.state.dump(), "the replay leads to another State"
    loaded = State.load(kept, ID_KEY)
    assert loaded.dump() == kept, "a snapshot is not what it was made from"
    onward = conversation.replay_onto(loaded)
    for row in rows[middle:]:
        onward.step(row)
    assert loaded.dump() == conversation.state.dump(), "a snapshot decides otherwise"


HEADER = frozenset((8, 9, 10, 34, 35, 49, 52, 56, 128, 129))


def body_of(heard: Heard) -> str:
    """What stands between header and trailer."""
    return "".join(f"{tag}={value}{SOH}" for tag, value in heard.fields if tag not in HEADER)


def streams_are_said_again(conversation: Conversation) -> None:
    """Every W and X that anybody heard is rebuilt from the journal, byte for byte, in its order."""
    rebuilt: dict[str, list[str]] = {}
    rows = conversation.store.journal()
    for _, row in streamed(rows, State(ID_KEY), conversation.words_of):
        rebuilt.setdefault(row.session, []).append(row.text)
    for key, line in conversation.wire.lines.items():
        left = iter(rebuilt.get(key, []))
        for heard in line.heard:
            if heard.kind in ("W", "X"):
                assert body_of(heard) in left, f"not in the journal: {heard}"
