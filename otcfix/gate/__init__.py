"""The pre-trade gate: risk and compliance checks, in documented precedence. Pure.

`judge(CHECKS, case)` runs every check that can run and keeps what each found; the first failing
one is what the client is told. A check measures and reports; it never logs, sends or changes.
"""

from otcfix.gate.cancel_checks import CANCEL_CHECKS, CancelCase
from otcfix.gate.case import OrderCase, QuoteCase
from otcfix.gate.judge import judge
from otcfix.gate.order_checks import ORDER_CHECKS
from otcfix.gate.quote_checks import QUOTE_CHECKS
from otcfix.gate.stream_checks import STREAM_CHECKS, StreamCase

__all__ = [
    "CANCEL_CHECKS",
    "ORDER_CHECKS",
    "QUOTE_CHECKS",
    "STREAM_CHECKS",
    "CancelCase",
    "OrderCase",
    "QuoteCase",
    "StreamCase",
    "judge",
]
