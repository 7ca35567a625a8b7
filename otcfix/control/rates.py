"""Rates of messages as the desk counts them now."""

from typing import Any

from otcfix.desk import throttling
from otcfix.desk.draft import Draft
from otcfix.desk.state import State
from otcfix.model.event import Event
from otcfix.model.time import Instant


def rows_of(state: State, now: Instant, of: str = "") -> list[dict[str, Any]]:
    """One row for each limit that *state* counts with; now: the Instant of it. left: messages that
    would pass at once; of: one session, "" for all."""
    draft = Draft(state, Event(state.seq, now, "Look", None, now))
    words, day = state.words.get(throttling.WORD, {}), throttling.day_of(now)
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for (session, name), rate in sorted(state.register.rates.items()):
        if of not in ("", session):
            continue
        refused = throttling.refused_on(day, state.word(throttling.REFUSED, f"{session}|{name}"))
        for bucket in rate.buckets:
            together = bucket.key == session
            factor = 1_000 if together else throttling.factor_of(draft, session, name)
            owed = max(0, int(words.get(bucket.key, 0)) - now * 1_000)
            left = (bucket.room - owed) * factor // (bucket.cost * 1_000)
            shown = "together" if together else name
            row: dict[str, Any] = {
                "session": session,
                "class": shown,
                "per_second": f"{1_000_000_000 / bucket.cost:.3f}".rstrip("0").rstrip("."),
                "burst": bucket.room // bucket.cost,
                "weight": 1 if together else rate.weight,
                "factor": f"{factor / 1_000:g}",
                "left": max(0, left),
                "refused_today": 0 if together else refused,
                "hard_ms": bucket.hard_for // 1_000_000 if bucket.hard_cost else None,
            }
            seen = told.setdefault((session, shown), row)
            if together:
                seen["refused_today"] += refused
    return list(told.values())
