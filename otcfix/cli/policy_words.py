"""What the rules of jurisdiction say, for people and for programs."""

from typing import TYPE_CHECKING, Any

from otcfix.cli.show import print_table

if TYPE_CHECKING:
    from otcfix.desk.register import Register
    from otcfix.gate.policy import Candidate, Question, Rulebook
    from otcfix.model.instrument import Instrument
    from otcfix.model.messages import Side
    from otcfix.model.party import Client
    from otcfix.model.policy import Licence


def answer_of(
    register: "Register", client: "Client", instrument: "Instrument", side: "Side", day: str
) -> dict[str, Any]:
    """What the rules say of one side, with every rule that matches, the strongest first."""
    from otcfix.gate.policy import question_of  # noqa: PLC0415

    book = register.rulebook()
    asked = question_of(client, instrument, side, day)
    answer = book.answer(asked)
    candidates = book.candidates(asked) if asked.jurisdiction and asked.client_class else []
    return {
        "side": asked.side,
        "allowed": answer.allowed,
        "effect": answer.effect,
        "rule": answer.rule_id or None,
        "why": answer.why,
        "limits": dict(answer.limits),
        "candidates": [_candidate(book, asked, candidates[0], one) for one in candidates],
    }


def _candidate(
    book: "Rulebook",
    asked: "Question",
    strongest: "Candidate",
    one: "Candidate",
) -> dict[str, Any]:
    rule = one.rule
    decides = one.holds and one.strength == strongest.strength
    licence = book.licence_for(rule.licence, asked) if rule.licence else None
    looked_at = None
    if rule.licence:
        looked_at = licence.licence_id if licence else "none that is active"
    return {
        "rule": rule.rule_id,
        "effect": rule.effect,
        "specificity": one.specificity,
        "jurisdiction": rule.jurisdiction,
        "asset": rule.asset,
        "client_class": rule.client_class,
        "product": rule.product,
        "side": rule.side,
        "licence_required": rule.licence or None,
        "licence": looked_at,
        "legal_reference": rule.legal_reference,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "limits": dict(rule.limits),
        "decides": decides,
        "said": _said(one, strongest, decides, asked.day),
    }


def _said(one: "Candidate", strongest: "Candidate", decides: bool, day: str) -> str:
    rule, first = one.rule, strongest.rule
    if rule.valid_from > day:
        return f"does not hold before {rule.valid_from}"
    if not one.holds:
        return f"held until {rule.valid_to}"
    if decides:
        return "decides"
    if one.specificity == strongest.specificity:
        return f"as specific; {first.effect} goes before {rule.effect}"
    return f"less specific than {first.rule_id}"


def said_of(side: dict[str, Any]) -> dict[str, Any]:
    """All that is said of a side, but which one it is."""
    return {name: value for name, value in side.items() if name != "side"}


def show_side(said: dict[str, Any]) -> None:
    """One side for people."""
    word = "allowed" if said["allowed"] else "refused"
    rule = f"rule {said['rule']}" if said["rule"] else "no rule"
    print(f"\n{said['side']}: {word} by {rule}: {said['why']}")
    for measure, amount in said["limits"].items():
        print(f"  {measure} at most {amount:f}")
    print_table(
        ("specificity", "rule", "effect", "jurisdiction", "asset", "class", "product", "side",
         "licence", "", "legal reference"),
        [
            (one["specificity"], one["rule"], one["effect"], one["jurisdiction"], one["asset"],
             one["client_class"], one["product"], one["side"],
             f"{one['licence_required']}: {one['licence']}" if one["licence_required"] else "",
             one["said"], one["legal_reference"])
            for one in said["candidates"]
        ],
        right=("specificity",),
    )  # fmt: skip


def licence_of(licence: "Licence", day: str) -> dict[str, Any]:
    """A licence and how it stands on *day*."""
    now = "active"
    if not licence.active:
        now = "not active"
    elif licence.valid_from > day:
        now = f"from {licence.valid_from}"
    elif licence.valid_to and licence.valid_to < day:
        now = "expired"
    return {
        "licence": licence.licence_id, "kind": licence.kind, "jurisdiction": licence.jurisdiction,
        "entity": licence.entity, "scope": licence.scope, "active": licence.active,
        "valid_from": licence.valid_from, "valid_to": licence.valid_to, "now": now,
    }  # fmt: skip
