"""What a simulated client saw: counted, and its own books of it."""

from collections import Counter
from decimal import Decimal
from typing import Any

from otcfix.fix.wire import plain
from otcfix.trials.wire import Heard

TIMES_MAX = 10_000
NOT_BOOKED = ("0", "")
"""ExecIDs of what is no execution: a status answer has "0"."""


class Book:
    """What one end client dealt in one symbol."""

    def __init__(self) -> None:
        self.fills = 0
        self.bought = self.sold = self.paid = self.received = Decimal(0)

    def add(self, side: str, qty: Decimal, px: Decimal) -> None:
        """A fill: *qty* in base."""
        self.fills += 1
        if side == "1":
            self.bought += qty
            self.paid += qty * px
        else:
            self.sold += qty
            self.received += qty * px

    def shown(self) -> dict[str, Any]:
        """For a report: quantities in base, amounts in terms."""
        names = ("bought", "sold", "paid", "received")
        return {"fills": self.fills} | {name: plain(getattr(self, name)) for name in names}


class Seen:
    """Everything that was said and heard, in numbers."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.books: dict[tuple[str, str], Book] = {}
        self.again = 0
        self.quotes = 0
        self.logons = 0
        self.breaks = 0
        self._executions: set[str] = set()
        self._took: list[float] = []
        self._place = 0

    def took(self, seconds: float) -> None:
        """An answer came after so long; the newest ten thousand count."""
        if len(self._took) < TIMES_MAX:
            self._took.append(seconds)
        else:
            self._took[self._place % TIMES_MAX] = seconds
        self._place += 1

    def is_new(self, report: Heard) -> bool:
        """Whether an ExecutionReport(8) says what was not said before (17)."""
        name = report.get(17)
        if name in NOT_BOOKED:
            return True
        if name in self._executions:
            self.again += 1
            return False
        self._executions.add(name)
        return True

    def fill(self, report: Heard, symbol: str, end: str) -> None:
        """Book what a report dealt."""
        book = self.books.setdefault((end, symbol), Book())
        book.add(report.get(54), Decimal(report.get(32)), Decimal(report.get(31)))

    def refusal(self, text: str) -> None:
        """Count a refusal by its code."""
        self.refused[text.partition(":")[0].split(" ")[0] or "(no text)"] += 1

    def percentile(self, share: int) -> str:
        """Of the time to an answer, in ms with one decimal; "" without any."""
        if not self._took:
            return ""
        ordered = sorted(self._took)
        return f"{ordered[min(len(ordered) * share // 100, len(ordered) - 1)] * 1_000:.1f}"

    def report(self) -> dict[str, Any]:
        """The whole, for people and programs."""
        return {
            "said": dict(sorted(self.said.items())),
            "heard": dict(sorted(self.heard.items())),
            "quotes": self.quotes,
            "refused": dict(sorted(self.refused.items())),
            "books": [
                {"end_client": end, "symbol": symbol} | book.shown()
                for (end, symbol), book in sorted(self.books.items())
            ],
            "heard_again": self.again,
            "logons": self.logons,
            "breaks": self.breaks,
            "answer_ms": {"p50": self.percentile(50), "p99": self.percentile(99)},
        }
