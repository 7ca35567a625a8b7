"""Explanations and rules, for people and for programs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from otcfix.cli.show import print_table
from otcfix.model.errors import InvariantBroken
from otcfix.model.pricing import Explanation, SideExplained
from otcfix.model.time import iso

BPS_STEP = Decimal("0.0001")
DIGITS = 100
"""So that no sum is rounded."""


def side_of(side: SideExplained) -> str:
    """The client's side, in a word."""
    return "buy" if side.side.name == "BUY" else "sell"


def summed(why: Explanation, side: SideExplained) -> Decimal:
    """The sum of a side's parts in basis points of the mid.

    Errors: InvariantBroken when mid and parts are not exactly the price.
    """
    with localcontext(prec=DIGITS):
        total = why.mid + sum(part.amount for part in side.components)
    if total != side.price:
        raise InvariantBroken(
            f"{why.ref_id}: mid and parts of the {side_of(side)} price sum up to {total}, "
            f"the price is {side.price}"
        )
    return sum((part.bps for part in side.components), Decimal(0))


def document(why: Explanation) -> dict[str, Any]:
    """An explanation for JSON; numbers are exact text."""
    return {
        "ref_id": why.ref_id, "symbol": why.symbol, "client": why.client_id, "at": iso(why.at),
        "reference": why.mid,
        "used": [{"source": s, "mid": mid, "age_ms": age} for s, mid, age in why.used],
        "left_out": [{"source": source, "why": reason} for source, reason in why.refused],
        "knowledge": dict(why.knowledge),
        "sides": [
            {
                "side": side_of(side), "quantity": side.quantity, "price": side.price,
                "bps": summed(why, side),
                "parts": [
                    {"name": p.name, "rule": p.rule, "amount": p.amount, "bps": p.bps}
                    for p in side.components
                ],
            }
            for side in why.sides
        ],
    }  # fmt: skip


def show_explanation(why: Explanation) -> None:
    """Print reference, sources, knowledge, and each side with its parts and their sum."""
    base, _, terms = why.symbol.partition("/")
    print(f"Reference (mid): {_plain(why.mid)} {terms}")
    rows = [(source, _plain(mid), f"{age} ms", "") for source, mid, age in why.used]
    rows += [(source, "", "", reason) for source, reason in why.refused]
    print_table(("source", "mid", "age", "left out because"), rows, right=("mid", "age"))
    for name, value in why.knowledge:
        print(f"{name.replace('_', ' ')}: {_plain(value)}")
    for side in why.sides:
        bps = summed(why, side)
        word = "buys" if side_of(side) == "buy" else "sells"
        print(f"\n{why.client_id} {word} {_plain(side.quantity)} {base} at {side.price:f} {terms}")
        parts = [
            (part.name, part.rule, f"{_plain(part.amount, sign=True)}", _bps(part.bps))
            for part in side.components
        ]
        parts = [
            ("mid", "", _plain(why.mid), ""),
            *parts,
            ("sum", "", f"{side.price:f}", _bps(bps)),
        ]
        print_table(("part", "rule", "amount", "bps"), parts, right=("amount", "bps"))


def show_rules(
    slots: Mapping[str, Mapping[str, dict[str, Any] | None]], trace: Sequence[dict[str, Any]]
) -> None:
    """Print what fills each slot, and then every rule with what fails of it."""
    rows = []
    for slot, sides in slots.items():
        kinds = [("", sides["buy"])] if sides["buy"] == sides["sell"] else list(sides.items())
        for side, filled in kinds:
            rows.append((
                slot, side, filled["rule"] if filled else "-",
                _value(filled["value"]) if filled else "",
            ))  # fmt: skip
    print_table(("slot", "side", "rule", "value"), rows)
    if trace:
        print()
        print_table(
            ("rule", "sets", "matches"),
            [
                (
                    one["rule"], ", ".join(one["fills"]),
                    f"no: {', '.join(one['fails'])}" if _misses(one["fails"]) else
                    ", ".join(["yes", *one["fails"]]),
                )
                for one in trace
            ],
        )  # fmt: skip
    else:
        print("\nNo rules: the tier's half-spread alone holds.")


def show_disclosure(told: Sequence[dict[str, Any]]) -> None:
    """Print how firm a client's quotes are."""
    print_table(
        ("symbol", "when", "life", "last look", "hold", "favourable moves", "rule"),
        [
            (
                one["symbol"], one["when"] or "always", f"{one['quote_life_ms']} ms",
                "none" if one["last_look"] == "none" else f"tolerance {one['tolerance_bps']:f} bps",
                f"{one['hold_ms']} ms",
                "" if one["last_look"] == "none" else
                "the client's" if one["favourable_moves_count"] else "the desk's", one["rule"],
            )
            for one in told
        ],
    )  # fmt: skip


def _misses(fails: Sequence[str]) -> bool:
    """Whether a rule matches on neither side."""
    return any(not fail.startswith("side: ") for fail in fails)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _plain(value) if isinstance(value, Decimal) else str(value)


def _plain(value: Decimal, *, sign: bool = False) -> str:
    """All digits that say something, never an exponent."""
    text = f"{value:+f}" if sign else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bps(value: Decimal) -> str:
    return f"{value.quantize(BPS_STEP):+f}"
