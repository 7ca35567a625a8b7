"""What is shown of a session, from its configuration and its line."""

import pytest

from otcfix.config.models import ScheduleConfig
from otcfix.control import view
from otcfix.model.time import Instant
from tests.support.world import instant

NOW = instant("2027-01-13 12:00:00.000")  # a Wednesday


@pytest.mark.parametrize(
    ("schedule", "words", "next_start"),
    [
        (None, "", ""),
        (ScheduleConfig(start="07:00:00", end="18:00:00"), "07:00:00 - 18:00:00 UTC",
         "2027-01-14T07:00:00.000000Z"),
        (ScheduleConfig(start="13:00:00", end="11:00:00"), "13:00:00 - 11:00:00 UTC",
         "2027-01-13T13:00:00.000000Z"),
        (ScheduleConfig(start="22:00:00", end="21:30:00", start_day="sun", end_day="fri"),
         "sun 22:00:00 - fri 21:30:00 UTC", "2027-01-17T22:00:00.000000Z"),
        (ScheduleConfig(start="12:00:00", end="11:00:00", start_day="wed", end_day="wed"),
         "wed 12:00:00 - wed 11:00:00 UTC", "2027-01-20T12:00:00.000000Z"),
    ],
)  # fmt: skip
def test_when_a_session_begins_next(
    schedule: ScheduleConfig | None, words: str, next_start: str
) -> None:
    """UTC; a session whose hour is now began, and begins again a period later."""
    assert view.schedule_words(schedule) == words
    assert view.next_start(schedule, NOW) == next_start


@pytest.mark.parametrize(
    ("sent", "age"),
    [
        ("20270113-11:59:59.500", [500.0]),
        ("20270113-12:00:01", [-1_000.0]),
        ("20270113-11:59:59.999999", [0.001]),
        ("20270113-11:59:59.999999999", [0.001]),
        ("20270113-11:59:60", []),
        ("junk", []),
        ("", []),
    ],
)
def test_how_old_a_message_was_when_it_came(sent: str, age: list[float]) -> None:
    """By its SendingTime(52), whatever its precision; what cannot be read is left out."""
    kept: tuple[tuple[Instant, str], ...] = ((NOW, sent),)
    assert view.ages_ms(kept) == age
