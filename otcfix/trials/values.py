"""What stands between braces in a scenario: names, sums, times, and how they become text."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from otcfix.trials.wire import seconds_of, timestamp

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
FUNCTIONS = ("tick", "lot", "round", "up", "down", "date")
DYNAMIC = ("now", "today", "next_out", "next_in", "version", "begin")
"""Names that are always there."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)\Z")
_MOVED = re.compile(r"\s*(\w+)\s*([+-])\s*(\d+(?:\.\d+)?(?:ms|s|m|h|d))\s*\Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")

Lookup = Callable[[str], str]


class Unclear(Exception):
    """A value that cannot be made; the text says why."""


def duration(text: str) -> float:
    """`250ms`, `3s`, `2m` in seconds. Errors: Unclear."""
    found = _DURATION.match(text)
    if not found:
        raise Unclear(f"expected a time such as 250ms, 3s or 2m, got {text!r}")
    return float(found[1]) * UNITS[found[2]]


def number(text: str) -> Decimal | None:
    """A plain decimal number; None for anything else."""
    return Decimal(text) if _NUMBER.match(text) else None


def plain(value: Decimal) -> str:
    """A Decimal without exponent and without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def expressions(text: str) -> list[str]:
    """What stands between braces in *text*."""
    return _BRACES.findall(text)


def names(expression: str) -> Iterator[str]:
    """The names that an expression reads. Errors: Unclear when it cannot be read."""
    if moved := _MOVED.match(expression):
        yield moved[1]
        return
    for node in ast.walk(_tree(expression)):
        if isinstance(node, ast.Name) and node.id not in FUNCTIONS:
            yield node.id


def filled(text: str, lookup: Lookup) -> str:
    """*text* with its braces replaced. Errors: Unclear."""
    return _BRACES.sub(lambda found: evaluated(found[1], lookup), text)


def evaluated(expression: str, lookup: Lookup) -> str:
    """The value of one expression as text. Errors: Unclear."""
    expression = expression.strip()
    if moved := _MOVED.match(expression):
        start = seconds_of_name(moved[1], lookup)
        if start is not None:
            by = duration(moved[3])
            return timestamp(start + by if moved[2] == "+" else start - by)
        raise Unclear(f"{moved[1]}: not a time: {lookup(moved[1])!r}")
    if expression.isidentifier():
        return lookup(expression)
    try:
        found = _value(_tree(expression).body, lookup)
    except (InvalidOperation, ZeroDivisionError, ValueError) as error:
        raise Unclear(f"{{{expression}}}: {error or type(error).__name__}") from None
    return plain(found) if isinstance(found, Decimal) else found


def seconds_of_name(name: str, lookup: Lookup) -> float | None:
    """The time that *name* holds, in seconds since 1970; None when it is none."""
    try:
        return seconds_of(lookup(name))
    except ValueError:
        return None


def _tree(expression: str) -> ast.Expression:
    try:
        return ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        raise Unclear(f"{{{expression}}}: cannot be read") from None


def _value(node: ast.AST, lookup: Lookup) -> Decimal | str:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Decimal(str(node.value))
    if isinstance(node, ast.Name):
        return lookup(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_decimal(node.operand, lookup)
    if isinstance(node, ast.BinOp) and type(node.op) in SUMS:
        return SUMS[type(node.op)](_decimal(node.left, lookup), _decimal(node.right, lookup))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _called(node.func.id, node.args, lookup)
    raise Unclear(f"{ast.unparse(node)}: only names, numbers, + - * / and {', '.join(FUNCTIONS)}")


SUMS: Mapping[type, Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
ROUNDINGS = {"round": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


def _decimal(node: ast.AST, lookup: Lookup) -> Decimal:
    found = _value(node, lookup)
    value = found if isinstance(found, Decimal) else number(found)
    if value is None:
        raise Unclear(f"{ast.unparse(node)}: not a number: {found!r}")
    return value


def _called(name: str, arguments: list[ast.expr], lookup: Lookup) -> Decimal | str:
    if name == "date" and len(arguments) == 1:
        return str(_value(arguments[0], lookup))[:8]
    if name in ("tick", "lot") and len(arguments) == 1:
        return _stepped(_decimal(arguments[0], lookup), Decimal(lookup(name)), "round")
    if name in ROUNDINGS and len(arguments) == 2:
        return _stepped(_decimal(arguments[0], lookup), _decimal(arguments[1], lookup), name)
    raise Unclear(f"{name}: no such function of {len(arguments)} values")


def _stepped(value: Decimal, step: Decimal, how: str) -> Decimal:
    return (value / step).to_integral_value(ROUNDINGS[how]) * step


class Scope:
    """The values of one run of a scenario, by name."""

    def __init__(self, known: Mapping[str, str], live: Mapping[str, Callable[[], Any]]) -> None:
        """live: names whose value is asked for each time."""
        self.known = dict(known)
        self._live = live

    def __call__(self, name: str) -> str:
        """The value of *name*. Errors: Unclear."""
        if name in self._live:
            return str(self._live[name]())
        if name not in self.known:
            raise Unclear(f"{name}: has no value yet")
        return self.known[name]

    def fill(self, text: str) -> str:
        """*text* with its braces replaced. Errors: Unclear."""
        return filled(text, self)
