"""The schedules at work, on a clock of our own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from otcfix.config import SessionConfig, hash_secret
from otcfix.fix.line import Line
from otcfix.fix.lines import Lines
from otcfix.fix.timetable import Timetable
from otcfix.model.time import SECOND

DAILY = {"zone": "America/New_York", "start": "17:05", "end": "17:00"}


def at(text: str) -> int:
    """An instant of UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def session(schedule: dict[str, object] | None) -> SessionConfig:
    """A session with that schedule."""
    return SessionConfig(
        key="A",
        version="FIX.4.4",
        sender_comp_id="US",
        target_comp_id="THEM",
        client="ALPHA",
        username="a",
        password_hash=hash_secret("s", "00" * 16),
        schedule=schedule,
    )  # type: ignore[arg-type]


class Acts:
    """What was done, and when."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.done: list[tuple[str, str]] = []

    def log_out(self, key: str, text: str) -> bool:
        """A Logout."""
        self.done.append(("log_out", text))
        self.lines[key].online = False
        return True

    def reset(self, key: str, reason: str, text: str) -> int:
        """Numbers begin anew."""
        self.done.append(("reset", text))
        self.lines[key].online = False
        return 1


class Kept:
    """A session whose store says since when its numbers run."""

    def __init__(self, folder: Path, schedule: dict[str, object] | None, since: str) -> None:
        self.folder = folder
        self.lines = Lines()
        self.line = Line(session(schedule), None)
        self.lines.add(self.line)
        stamp = datetime.fromisoformat(since).strftime("%Y%m%d-%H:%M:%S")
        (folder / "FIX.4.4-US-THEM.session").write_text(stamp)
        self.starts()

    def starts(self) -> None:
        """The desk starts."""
        self.acts = Acts(self.lines)
        self.timetable = Timetable(self.lines, self.acts, self.folder)


def test_a_day_goes_by(tmp_path: Path) -> None:
    """Open, logged out at the end with the next start, anew at that start: once each."""
    one = Kept(tmp_path, DAILY, "2026-11-22T22:05:01")
    one.timetable.start(at("2026-11-23 12:00"))
    one.line.online = True
    one.timetable.tick(at("2026-11-23 21:59:59"))
    assert one.acts.done == []
    one.timetable.tick(at("2026-11-23 22:00:00"))
    one.timetable.tick(at("2026-11-23 22:00:01"))
    text = "outside the session's schedule; it starts again at 2026-11-23T22:05:00Z"
    assert one.acts.done == [("log_out", text)]
    assert one.timetable.closed(one.line, at("2026-11-23 22:04:59")) == text
    for second in ("00", "01", "59"):
        one.timetable.tick(at(f"2026-11-23 22:05:{second}"))
    assert [what for what, _ in one.acts.done] == ["log_out", "reset"]
    assert one.timetable.closed(one.line, at("2026-11-23 22:05:00")) == ""


@pytest.mark.parametrize(
    ("since", "resets"), [("2026-11-22T22:04:59", 1), ("2026-11-22T22:05:00", 0)]
)
def test_a_boundary_while_the_desk_was_down_is_made_good(
    tmp_path: Path, since: str, resets: int
) -> None:
    """And one that was made before the stop is not made again."""
    one = Kept(tmp_path, DAILY, since)
    one.timetable.start(at("2026-11-23 12:00"))
    assert len(one.acts.done) == resets


def test_a_store_that_says_nothing_is_left_to_recovery(tmp_path: Path) -> None:
    """Nothing is reset for a spoiled file."""
    one = Kept(tmp_path, DAILY, "2026-11-22T22:04:59")
    (tmp_path / "FIX.4.4-US-THEM.session").write_bytes(b"\xff\x00garbage")
    one.timetable.start(at("2026-11-23 12:00"))
    assert one.acts.done == []


def test_a_new_schedule_resets_at_its_next_boundary_also_over_a_restart(tmp_path: Path) -> None:
    """Whoever is logged on with the numbers of a week is not thrown out by a reload."""
    one = Kept(tmp_path, None, "2026-11-16T00:00:00")
    one.timetable.start(at("2026-11-23 12:00"))
    one.line.config = session(DAILY)
    one.timetable.tick(at("2026-11-23 12:00:01"))
    assert one.acts.done == []
    one.starts()
    one.timetable.start(at("2026-11-23 13:00"))
    assert one.acts.done == []
    one.timetable.tick(at("2026-11-23 22:05"))
    assert [what for what, _ in one.acts.done] == ["reset"]


def test_a_clock_that_is_set_back_opens_nothing_twice(tmp_path: Path) -> None:
    """The reset of a boundary is not made again when its hour comes again."""
    one = Kept(tmp_path, DAILY, "2026-11-22T22:05:01")
    one.timetable.start(at("2026-11-23 12:00"))
    one.timetable.tick(at("2026-11-23 22:05:00"))
    one.timetable.tick(at("2026-11-23 21:30:00"))
    one.timetable.tick(at("2026-11-23 22:05:00"))
    assert [what for what, _ in one.acts.done] == ["reset"]
