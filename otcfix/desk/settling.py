"""Value dates: what was receivable or payable becomes available (R4), payment before delivery."""

from otcfix.desk.draft import Draft
from otcfix.ledger import chart
from otcfix.model.ledger import Obligation, Transfer


def settle(draft: Draft, value_date: str, only: str = "") -> None:
    """Settle every obligation of *value_date* (YYYYMMDD) and before, of client *only* if given.

    A client first pays what he owes of a date; only when all of it is paid does he get what he is
    owed of that date. What cannot be paid stays overdue: it is alerted, and tried again with the
    next value date and after each deposit.
    """
    if not only:
        draft.move("settled", "upto", value_date)
    dates: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for key, amount in sorted(draft.state.obligations.items()):
        client_id, asset, date = key.split("|")
        if date <= value_date and only in ("", client_id):
            dates.setdefault((client_id, date), []).append((asset, amount))
    for (client_id, date), amounts in dates.items():
        owes = [(asset, -amount) for asset, amount in amounts if amount < 0]
        if not _can_pay(draft, client_id, owes):
            text = ", ".join(f"{amount} {asset}" for asset, amount in owes)
            draft.alerts.append(f"{client_id} cannot pay {text} due {date}")
            continue
        for asset, amount in owes:
            available = chart.client_account(client_id, chart.AVAILABLE, asset)
            payable = chart.client_account(client_id, chart.PAYABLE, asset)
            draft.post((Transfer(available, payable, asset, amount, "value_date"),))
            draft.obligations.append(Obligation(client_id, asset, amount, date))
        for asset, amount in amounts:
            if amount > 0:
                available = chart.client_account(client_id, chart.AVAILABLE, asset)
                receivable = chart.client_account(client_id, chart.RECEIVABLE, asset)
                draft.post((Transfer(receivable, available, asset, amount, "value_date"),))
                draft.obligations.append(Obligation(client_id, asset, -amount, date))


def _can_pay(draft: Draft, client_id: str, owes: list[tuple[str, int]]) -> bool:
    return all(
        draft.balance(chart.client_account(client_id, chart.AVAILABLE, asset)) - amount
        >= draft.state.floor(client_id, asset)
        for asset, amount in owes
    )


def settle_overdue(draft: Draft, client_id: str) -> None:
    """Try again what the client could not pay, now that he has more."""
    upto = str(draft.state.word("settled", "upto"))
    if upto:
        settle(draft, upto, client_id)
