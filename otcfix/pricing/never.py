"""Rules of pricing.toml that can never have their say, for `otcfix check`."""

from collections.abc import Sequence

from msgspec import structs

from otcfix.model.instrument import Instrument
from otcfix.model.party import Client, Tier
from otcfix.model.pricing import SLOTS, Match, Rule

Pairs = tuple[tuple[str, str], ...]
WEEK = 7 * 24 * 60

Never = tuple[str, str, str]
"""Rule id, slot ("" for the whole rule), and why."""


def never_matches(
    rules: Sequence[Rule],
    instruments: Sequence[Instrument],
    clients: Sequence[Client],
    tiers: Sequence[Tier],
) -> list[Never]:
    """What of *rules* can never matter: (rule id, slot or "" for all of it, why).

    A rule that fits no client on any instrument that he may deal in; one that fills nothing; and
    what an earlier rule, or several of them together client by client, always decides first.
    """
    found: list[Never] = []
    before: list[tuple[Rule, Pairs]] = []
    for rule in rules:
        pairs, why = _pairs(rule.match, instruments, clients, tiers)
        slots = [slot for slot in SLOTS if getattr(rule, slot) is not None]
        if why or not slots:
            found.append((rule.rule_id, "", why or "it sets nothing"))
            continue
        if rule.sources is not None and _sided(rule.match):
            # One market is made for both sides and for every size.
            found.append((rule.rule_id, "sources", "sources are chosen before side and size"))
            slots.remove("sources")
            rule = structs.replace(rule, sources=None)  # noqa: PLW2901 - it shadows nothing either
        shadowed = [(slot, by) for slot in slots if (by := _shadow(rule, pairs, slot, before))]
        if slots and len(shadowed) == len(slots):
            names = ", ".join(dict.fromkeys(name for _, by in shadowed for name in by))
            found.append((rule.rule_id, "", f"always decided before by {names}"))
        else:
            found += [
                (rule.rule_id, slot, f"always decided before by {', '.join(by)}")
                for slot, by in shadowed
            ]
        before.append((rule, pairs))
    return found


def _sided(match: Match) -> bool:
    return match.side is not None or match.size_min is not None or match.size_max is not None


def _pairs(
    match: Match,
    instruments: Sequence[Instrument],
    clients: Sequence[Client],
    tiers: Sequence[Tier],
) -> tuple[Pairs, str]:
    """The (symbol, client) that *match* fits; and why there is none."""
    known = {tier.name for tier in tiers}
    unknown = [name for name in match.tiers if name not in known]
    if match.tiers and len(unknown) == len(match.tiers):
        return (), f"there is no tier {', '.join(unknown)}"
    low, high = match.size_min, match.size_max
    if low is not None and high is not None and low >= high:
        return (), f"no size is at least {low} and below {high}"
    fitting = [
        one
        for one in instruments
        if (not match.symbols or one.symbol in match.symbols)
        and (not match.asset_classes or one.asset_class in match.asset_classes)
    ]
    if not fitting:
        return (), "no instrument fits"
    fitting = [
        one
        for one in fitting
        if (low is None or low <= one.qty_max) and (high is None or high > one.qty_min)
    ]
    if not fitting:
        return (), "no instrument is dealt in such sizes"
    served = [
        one
        for one in clients
        if (not match.clients or one.client_id in match.clients)
        and (not match.tiers or one.tier in match.tiers)
    ]
    if not served:
        return (), "no client fits"
    pairs = tuple(
        (instrument.symbol, client.client_id)
        for instrument in fitting
        for client in served
        if instrument.symbol in client.instruments or "*" in client.instruments
    )
    return pairs, "" if pairs else "no client that fits may deal in an instrument that fits"


def _shadow(
    rule: Rule, pairs: Pairs, slot: str, before: Sequence[tuple[Rule, Pairs]]
) -> tuple[str, ...]:
    """The earlier rules that decide *slot* wherever *rule* matches; () when some place is left."""
    deciding = [
        (earlier.rule_id, frozenset(theirs))
        for earlier, theirs in before
        if getattr(earlier, slot) is not None and _covers(earlier.match, rule.match)
    ]
    names: dict[str, None] = {}
    for pair in pairs:
        by = next((name for name, theirs in deciding if pair in theirs), None)
        if by is None:
            return ()
        names[by] = None
    return tuple(names)


def _covers(wide: Match, narrow: Match) -> bool:
    """Whether side, sizes and times of *wide* hold wherever those of *narrow* do."""
    if wide.side is not None and wide.side is not narrow.side:
        return False
    if wide.size_min is not None and (narrow.size_min is None or narrow.size_min < wide.size_min):
        return False
    if wide.size_max is not None and (narrow.size_max is None or narrow.size_max > wide.size_max):
        return False
    if not wide.windows:
        return True
    if not narrow.windows or narrow.zone != wide.zone:
        return False  # of two zones it is not known: they shift against each other
    covered = bytearray(WEEK)
    for start, end in _unwrapped(wide.windows):
        covered[start:end] = b"\1" * (end - start)
    return all(all(covered[start:end]) for start, end in _unwrapped(narrow.windows))


def _unwrapped(windows: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """The windows with those that wrap the week's end in two."""
    out = []
    for start, end in windows:
        out += [(start, end)] if start < end else [(start, WEEK), (0, end)]
    return out
