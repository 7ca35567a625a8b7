"""otcfix ledger: balances, statements and the trial balance."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from otcfix.cli.assets import Scales
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    open_database,
    quiet,
)
from otcfix.cli.outcome import NO, usage_error
from otcfix.cli.show import clock, print_json, print_table, when
from otcfix.model.time import Instant, iso

app = typer.Typer(
    help="The double-entry ledger: what stands there, and money in and out.", no_args_is_help=True
)

OwnerArgument = Annotated[
    str,
    typer.Argument(
        metavar="OWNER", help="A client's id, 'desk', a venue such as 'custody', or an account."
    ),
]
KINDS = ("available", "held", "receivable", "payable")


@dataclass(frozen=True, slots=True)
class Balance:
    """One account as it stands; amount in minor units."""

    account: str
    owner: str
    kind: str
    asset: str
    minor: int


def balances_of(found: dict[str, int]) -> list[Balance]:
    """Split account names into owner, kind and asset."""
    out = []
    for account, minor in sorted(found.items()):
        owner, kind, asset = account.rsplit(":", 2)
        out.append(Balance(account, owner.removeprefix("client/"), kind, asset, minor))
    return out


@app.command()
def balances(
    owner: Annotated[
        str, typer.Argument(metavar="[OWNER]", help="Only this client, 'desk' or account.")
    ] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what every account holds.

    What the desk owes a client is positive; what its custodian holds for it is negative.

    Examples:
      otcfix ledger balances
      otcfix ledger balances ALPHA --json
    """
    quiet()
    store = open_database(database)
    try:
        head = store.head()
        found = balances_of(store.balances(prefix_of(owner, store) if owner else None))
        scales = Scales(config, store)
        if as_json:
            rows = [
                {
                    "account": b.account, "owner": b.owner, "kind": b.kind, "asset": b.asset,
                    "amount": scales.major(b.minor, b.asset), "minor": b.minor,
                }
                for b in found
            ]  # fmt: skip
            print_json({"event": head.seq, "at": iso(head.at), "balances": rows})
        elif found:
            show_balances(found, scales)
        else:
            print("No accounts yet: nothing was deposited or dealt.")
    finally:
        store.close()


def show_balances(found: Iterable[Balance], scales: Scales) -> None:
    """Print clients with their four balances in a row, then everybody else."""
    clients: dict[tuple[str, str], dict[str, str]] = {}
    others = []
    for b in found:
        amount = scales.major(b.minor, b.asset)
        if b.account.startswith("client/"):
            clients.setdefault((b.owner, b.asset), {})[b.kind] = amount
        else:
            others.append((b.owner, b.kind, b.asset, amount))
    print_table(
        ("client", "asset", *KINDS),
        [(*key, *(row.get(kind, "") for kind in KINDS)) for key, row in clients.items()],
        right=KINDS,
    )
    if clients and others:
        print()
    print_table(("account of", "kind", "asset", "balance"), others, right=("balance",))


def prefix_of(owner: str, store: Any) -> str:
    """The beginning of the account names of *owner*. Errors: BadParameter for nobody."""
    if ":" in owner:
        return owner
    owners = {account.rsplit(":", 2)[0] for account in store.balances()}
    for name in (f"client/{owner}", owner, f"venue/{owner}"):
        if name in owners:
            return f"{name}:"
    known = ", ".join(sorted(o.removeprefix("client/") for o in owners)) or "nobody"
    raise usage_error(f"OWNER: {owner} has no account; those with one: {known}")


@app.command()
def statement(
    owner: OwnerArgument,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="From then on.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Before then.")] = "",
    asset: Annotated[str, typer.Option("--asset", metavar="CODE", help="Only this asset.")] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show every movement of an owner's accounts, with the balance after each.

    Examples:
      otcfix ledger statement ALPHA
      otcfix ledger statement ALPHA --asset USD --since 2h
      otcfix ledger statement client/ALPHA:available:USD --json
    """
    quiet()
    now = time.time_ns() // 1_000
    first = when(since, "--since", now) if since else 0
    last = when(until, "--until", now) if until else None
    store = open_database(database)
    try:
        prefix = prefix_of(owner, store)
        opening, lines = _movements(store.statement(prefix, 0, last), prefix, first, asset)
        scales = Scales(config, store)
        if as_json:
            print_json(_statement_document(owner, opening, lines, scales))
        else:
            _show_statement(opening, lines, scales)
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Movement:
    """One side of a transfer, as the account that it touched sees it. Minor units."""

    seq: int
    at: Instant
    code: str
    account: str
    other: str
    asset: str
    minor: int
    balance: int


def _movements(
    transfers: Iterable[Any], prefix: str, since: Instant, asset: str
) -> tuple[dict[str, int], list[Movement]]:
    """Balances before *since*, and the movements from then on."""
    balance: dict[str, int] = {}
    opening: dict[str, int] = {}
    lines = []
    for t in transfers:
        if asset and t.asset != asset:
            continue
        for account, other, minor in (
            (t.debit, t.credit, -t.amount),
            (t.credit, t.debit, t.amount),
        ):
            if not account.startswith(prefix):
                continue
            balance[account] = balance.get(account, 0) + minor
            if t.at < since:
                opening[account] = balance[account]
            else:
                lines.append(
                    Movement(t.seq, t.at, t.code, account, other, t.asset, minor, balance[account])
                )
    return opening, lines


def _statement_document(
    owner: str, opening: dict[str, int], lines: list[Movement], scales: Scales
) -> dict[str, Any]:
    return {
        "owner": owner,
        "opening": {
            account: scales.major(minor, account.rsplit(":", 1)[1])
            for account, minor in sorted(opening.items())
        },
        "movements": [
            {
                "event": m.seq, "at": iso(m.at), "code": m.code, "account": m.account,
                "other": m.other, "asset": m.asset, "amount": scales.major(m.minor, m.asset),
                "balance": scales.major(m.balance, m.asset),
            }
            for m in lines
        ],
    }  # fmt: skip


def _show_statement(opening: dict[str, int], lines: list[Movement], scales: Scales) -> None:
    rows = [
        ("", "", "brought forward", account, "", "", scales.major(minor, account.rsplit(":", 1)[1]))
        for account, minor in sorted(opening.items())
    ]
    rows += [
        (
            clock(m.at), str(m.seq), m.code, m.account, m.other,
            scales.major(m.minor, m.asset), scales.major(m.balance, m.asset),
        )
        for m in lines
    ]  # fmt: skip
    if not rows:
        print("No movements.")
    print_table(
        ("time (UTC)", "event", "what", "account", "other side", "amount", "balance"),
        rows,
        right=("event", "amount", "balance"),
    )


@app.command("trial-balance")
def trial_balance(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Sum up all accounts per asset: every sum must be zero. Exit code 1 when one is not.

    Examples:
      otcfix ledger trial-balance
      otcfix ledger trial-balance --json
    """
    quiet()
    store = open_database(database)
    try:
        sums, rows = trial(store.balances())
        scales = Scales(config, store)
    finally:
        store.close()
    good = not any(sums.values())
    if as_json:
        assets = {
            asset: {
                "credit": scales.major(credit, asset), "debit": scales.major(debit, asset),
                "sum": scales.major(sums[asset], asset),
            }
            for asset, (credit, debit) in rows.items()
        }  # fmt: skip
        print_json({"ok": good, "assets": assets})
    else:
        show_trial(sums, rows, scales)
    if not good:
        raise typer.Exit(NO)


def trial(found: dict[str, int]) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """Per asset the sum of all accounts, and credits and debits apart. Minor units."""
    sums: dict[str, int] = {}
    rows: dict[str, tuple[int, int]] = {}
    for b in balances_of(found):
        sums[b.asset] = sums.get(b.asset, 0) + b.minor
        credit, debit = rows.get(b.asset, (0, 0))
        rows[b.asset] = (credit + max(b.minor, 0), debit - min(b.minor, 0))
    return dict(sorted(sums.items())), dict(sorted(rows.items()))


def show_trial(sums: dict[str, int], rows: dict[str, tuple[int, int]], scales: Scales) -> None:
    """Print the trial balance and whether it is one."""
    print_table(
        ("asset", "credit balances", "debit balances", "sum"),
        [
            (asset, *(scales.major(side, asset) for side in rows[asset]),
             scales.major(total, asset))
            for asset, total in sums.items()
        ],
        right=("credit balances", "debit balances", "sum"),
    )  # fmt: skip
    wrong = [asset for asset, total in sums.items() if total]
    print(f"WRONG: {', '.join(wrong)} do not sum up to zero" if wrong else "Trial balance: zero.")
