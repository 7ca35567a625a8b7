"""Which rule of pricing.toml holds for a client, an instrument, a size and a moment.

Rules are ordered; for each slot the first that matches and fills it wins.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.party import Client
from otcfix.model.pricing import SLOTS, Match, Rule
from otcfix.model.time import EPOCH, MINUTE, Instant

Found = tuple[str, Any]
"""The rule's id and what it put into the slot."""


class Settings:
    """The rules that can match one client on one instrument, slot by slot.

    key names which ones they are: the same key, the same settings, under the same rules.
    """

    __slots__ = ("_entries", "key", "rules")

    def __init__(self, rules: Iterable[tuple[int, Rule]]) -> None:
        entries: dict[str, list[tuple[Found, Match | None]]] = {}
        settled: dict[str, bool] = {}
        numbers = []
        kept = []
        for number, rule in rules:
            condition = rule.match if _conditional(rule.match) else None
            counts = False
            for slot in SLOTS:
                value = getattr(rule, slot)
                if value is None or settled.get(slot):
                    continue
                counts = True
                entries.setdefault(slot, []).append(((rule.rule_id, value), condition))
                settled[slot] = condition is None  # nothing behind it is ever reached
            if counts:
                numbers.append(f"{number}")
                kept.append(rule)
        self._entries = {slot: tuple(found) for slot, found in entries.items()}
        self.key = ".".join(numbers)
        self.rules = tuple(kept)

    def slot(
        self, name: str, side: Side | None, quantity_base: Decimal | None, at: Instant
    ) -> Found | None:
        """(rule id, value) of the first rule that fills the slot *name* and matches now.

        side is the client's. A rule bound to a side or to sizes does not match where that is None.
        """
        for found, condition in self._entries.get(name, ()):
            if condition is None or _holds(condition, side, quantity_base, at):
                return found
        return None

    def has(self, name: str) -> bool:
        """Whether any rule may fill the slot *name*."""
        return name in self._entries


def settings_of(rules: Sequence[Rule], instrument: Instrument, client: Client | None) -> Settings:
    """The rules that can match *client* on *instrument*, in their order; None: those that name no
    client and no tier. Keep what it returns: it changes only with the configuration."""
    return Settings(
        (number, rule)
        for number, rule in enumerate(rules)
        if _fits_instrument(rule.match, instrument) and _fits_client(rule.match, client)
    )


def group_key(settings: Settings, client: Client, toxicity_bps: Decimal) -> str:
    """Clients of one key are always priced alike on an instrument, at any size and time.

    What differs between clients: the rules that can match, the tier, the skew, the toxicity.
    """
    toxic = ""
    if toxicity_bps > 0 and settings.has("toxicity"):
        toxic = f"{toxicity_bps.normalize():f}"
    return f"{client.tier}/{settings.key}/{'flat' if client.no_skew else ''}/{toxic}"


def _fits_instrument(match: Match, instrument: Instrument) -> bool:
    if match.symbols and instrument.symbol not in match.symbols:
        return False
    return not match.asset_classes or instrument.asset_class in match.asset_classes


def _fits_client(match: Match, client: Client | None) -> bool:
    if client is None:
        return not match.clients and not match.tiers
    if match.clients and client.client_id not in match.clients:
        return False
    return not match.tiers or client.tier in match.tiers


def _conditional(match: Match) -> bool:
    """Whether it takes a side, a size or a time to know that a rule matches."""
    return bool(
        match.side is not None
        or match.size_min is not None
        or match.size_max is not None
        or match.windows
    )


def _holds(match: Match, side: Side | None, quantity: Decimal | None, at: Instant) -> bool:
    if match.side is not None and match.side is not side:
        return False
    if match.size_min is not None and (quantity is None or quantity < match.size_min):
        return False
    if match.size_max is not None and (quantity is None or quantity >= match.size_max):
        return False
    return not match.windows or _inside(match.windows, match.zone, at // MINUTE)


@lru_cache(maxsize=1024)
def _inside(windows: tuple[tuple[int, int], ...], zone: str, minute: int) -> bool:
    """Whether *minute* (since the epoch) lies in a window of the week of *zone*."""
    local = (EPOCH + timedelta(minutes=minute)).astimezone(_zone(zone))
    now = local.weekday() * 1440 + local.hour * 60 + local.minute
    return any(
        start <= now < end if start < end else now >= start or now < end for start, end in windows
    )


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
