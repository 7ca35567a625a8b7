"""The books after the demo: balances, hedges, streams, the journal and its replay."""

import contextlib
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from otcfix.cli.assets import Scales
from otcfix.cli.decision import verdicts_of
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import BASE, SYMBOL
from otcfix.cli.demo.stage import Stage
from otcfix.cli.journal import verified
from otcfix.cli.ledger import balances_of, trial
from otcfix.cli.replay import Told, replayed
from otcfix.cli.streams import said_again
from otcfix.cli.words import HEADER
from otcfix.desk.cover import hedged, traded
from otcfix.fix.wire import SOH
from otcfix.ledger import chart
from otcfix.store import open_store
from otcfix.store.decisions import judged_back

KINDS = ("available", "held")
BEFORE_THE_GATE = "HELD"
"""What a session on hold asks is refused before any check looks at it."""


@dataclass(slots=True)
class Audit:
    """What the books say; document is what --json prints, missing what should be otherwise."""

    document: dict[str, Any]
    missing: list[str] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    verified: dict[str, Any] = field(default_factory=dict)
    replayed: dict[str, Any] = field(default_factory=dict)
    scales: Scales | None = None


def audited(stage: Stage) -> Audit:
    """Read the database as anybody could, beside the desk or after it."""
    with contextlib.closing(open_store(stage.database, create=False)) as store:
        balances = store.balances()
        chain = verified(store)
        again = replayed(store, stage.config.id_key, Told())
        booked = {row.trade.exec_id for row in store.trades()}
        scales = Scales(stage.config.folder, store)
        for asset in {b.asset for b in balances_of(balances)}:
            scales.major(0, asset)  # looked up while the store is open
        covered, missing = _covered(stage, store, scales)
        streamed_ok = again["ok"] and _said_again(stage, store)
        by_check, why = _refused(stage, store)
        missing += why
    sums, _ = trial(balances)
    told = set(stage.heard_fills)
    trial_ok = not any(sums.values()) and not chain["balances"]
    journal_ok = chain["first_bad"] is None and again["ok"]
    document = {
        "trades": len(told),
        "refusals": len(stage.heard_refusals),
        "refused_by": dict(sorted(by_check.items())),
        "refusals_ok": not why,
        "trial_balance_ok": trial_ok,
        "journal_ok": journal_ok,
        "fingerprint": again["fingerprint"],
        "sources": list(stage.sources),
        "streamed": len(stage.heard_streams),
        "streamed_ok": streamed_ok,
        **covered,
    }
    if not streamed_ok:
        missing.append("every streamed message said again by the journal, byte for byte")
    if told != booked:
        missing.append(f"every fill told and booked alike: told {told}, booked {booked}")
    if not trial_ok:
        missing.append("a trial balance of zero")
    if not journal_ok:
        missing.append(f"a journal that verifies and replays: {chain['why']} {again['difference']}")
    return Audit(document, missing, balances, chain, again, scales)


def _covered(stage: Stage, store: Any, scales: Scales) -> tuple[dict[str, Any], list[str]]:
    """Hedges against the provider's own list of its deals, inventory against the ledger."""
    orders = store.hedges()
    fills = [row.fill for row in store.hedge_fills([order.hedge_id for order in orders])]
    booked = {(f.exec_id, f.hedge_id, f.base_amount, f.price) for f in fills}
    dealt = {(f.exec_id, f.order.cl_ord_id, f.quantity, f.price) for f in stage.provider.fills}
    good = [row for row in store.trades() if row.status == "good"]
    trades = [row.trade for row in good if row.trade.symbol == SYMBOL]
    inventory = sum(map(traded, trades), Decimal(0)) + sum(map(hedged, fills), Decimal(0))
    minor = store.balances().get(chart.desk_account(chart.POSITION, BASE), 0)
    position = Decimal(scales.major(minor, BASE))
    hedges_ok = bool(booked) and booked == dealt
    missing = []
    if not hedges_ok:
        missing.append(f"hedges as the provider dealt them: booked {booked}, dealt {dealt}")
    if inventory != position:
        missing.append(f"one inventory: {inventory} by the deals, {position} in the ledger")
    document = {
        "hedges": len(orders),
        "hedge_fills": len(booked),
        "hedges_ok": hedges_ok,
        "inventory": inventory,
        "inventory_ok": inventory == position,
    }
    return document, missing


def _refused(stage: Stage, store: Any) -> tuple[Counter[str], list[str]]:
    """How many requests each check refused, by the journal; what differs from what was heard."""
    by_check: Counter[str] = Counter()
    journaled: Counter[str] = Counter()
    for row in judged_back(store):
        for verdict in verdicts_of(row.verdicts) if row.session else ():
            if verdict.failed is not None:
                by_check[verdict.failed.check] += 1
                journaled[verdict.failed.refusal.name] += 1
    heard = Counter(re.split("[: ]", text, maxsplit=1)[0] for text in stage.heard_refusals)
    del heard[BEFORE_THE_GATE]
    if heard == journaled:
        return by_check, []
    return by_check, [f"every refusal heard and journaled alike: heard {heard}, {journaled}"]


def _said_again(stage: Stage, store: Any) -> bool:
    """Whether the journal says again each W and X that the clients heard, byte for byte."""
    again = {one["body"] for one in said_again(store, stage.config.id_key)}
    return all(_body(text) in again for text in stage.heard_streams)


def _body(text: str) -> str:
    """A message without header and trailer."""
    kept = [f for f in text.split(SOH) if f and f.partition("=")[0] not in (*HEADER, "35")]
    return "".join(f"{field}{SOH}" for field in kept)


def show_audit(audit: Audit, screen: Screen) -> None:
    """Print it."""
    scales = audit.scales
    if scales is None:
        return
    found = balances_of(audit.balances)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    others = []
    for b in found:
        amount = scales.major(b.minor, b.asset)
        if b.account.startswith("client/"):
            rows.setdefault((b.owner, b.asset), {})[b.kind] = amount
        else:
            others.append((f"{b.owner} {b.kind}", b.asset, amount))
    screen.table(
        "The ledger: clients",
        ("client", "asset", *KINDS),
        [(*key, *(row.get(kind, "") for kind in KINDS)) for key, row in rows.items()],
    )
    screen.table(
        "The ledger: everybody else",
        ("account", "asset", "balance"),
        others,
    )
    sums, sides = trial(audit.balances)
    screen.table(
        "Trial balance",
        ("asset", "", "credit balances", "debit balances", "sum"),
        [
            (asset, "", *(scales.major(side, asset) for side in sides[asset]),
             scales.major(total, asset))
            for asset, total in sums.items()
        ],
    )  # fmt: skip
    _show_journal(audit, screen)


def _show_journal(audit: Audit, screen: Screen) -> None:
    chain, again, document = audit.verified, audit.replayed, audit.document
    screen.say()
    whole = "holds" if chain["first_bad"] is None else f"BROKEN at event {chain['first_bad']}"
    screen.say(f"Journal: {chain['events']} events, the hash chain {whole}.")
    if again["ok"]:
        screen.say(f"Replay: {again['events']} events decided again, all as before.")
    else:
        screen.say(f"Replay: DIFFERENT: {again['difference']}", "red")
    screen.say(f"Fingerprint: {document['fingerprint']}")
    screen.say(
        f"{document['trades']} trades, {document['refusals']} refusals; what the clients were "
        "told is what was booked."
    )
    checks = ", ".join(f"{check} {n}" for check, n in document["refused_by"].items())
    alike = "as" if document["refusals_ok"] else "NOT AS"
    screen.say(f"Refused by the checks: {checks}; {alike} the clients heard.")
    said = "says them again" if document["streamed_ok"] else "DOES NOT SAY THEM AGAIN"
    screen.say(f"{document['streamed']} streamed prices; the journal {said}, byte for byte.")
    alike = "as" if document["hedges_ok"] else "NOT AS"
    same = "as" if document["inventory_ok"] else "NOT AS"
    screen.say(
        f"Hedges: {document['hedges']}, fills: {document['hedge_fills']}, {alike} their venue has "
        f"them. Inventory: {document['inventory'].normalize():+f} {BASE}, {same} in the ledger."
    )
