"""Engines behind one door: made, ended and made again, with nothing left behind."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.config import Config, SessionConfig, load
from otcfix.fix import dictionaries
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.changing import group_of
from otcfix.model.event import AdminSeen, EpochMoved
from tests.support.desk_process import ROOT, free_port

Wanted = dict[str, SessionConfig]


class Behind:
    """An acceptor that nobody calls, and what it told."""

    def __init__(self, folder: Path) -> None:
        config = load(ROOT / "config")
        acceptor = config.sessions.acceptor.model_copy(update={"port": free_port()})
        sessions = config.sessions.model_copy(update={"acceptor": acceptor})
        self.config: Config = config.model_copy(update={"sessions": sessions})
        self.events: list[object] = []
        self.there: dict[str, bool] = {}
        self.acceptor = Acceptor(
            self.config,
            dictionaries.build(folder / "dictionaries"),
            folder / "sessions",
            put=lambda *_: True,
            put_behind=lambda _key, _epoch, body: self.events.append(body),
            depth=lambda _: 0,
            clock=lambda: time.time_ns() // 1_000,
            proven=lambda *_: None,
            told=self.there.__setitem__,
            epoch_of=lambda _: 7,
        )
        self.acceptor.start()

    @property
    def wanted(self) -> Wanted:
        """The sessions as configured."""
        return {one.key: one for one in self.config.sessions.session}

    def becomes(self, wanted: Wanted) -> None:
        """These are the sessions."""
        self.acceptor._changes.begin(wanted)
        self.acceptor.take()

    def line(self, key: str) -> object:
        """The line of a session, if there is one."""
        return self.acceptor._lines.get(key)


def changed(wanted: Wanted, key: str, **other: object) -> Wanted:
    """One session with other keys."""
    return {**wanted, key: wanted[key].model_copy(update=other)}


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    """The shipped sessions."""
    one = Behind(tmp_path)
    yield one
    one.acceptor.stop()


def test_only_the_engine_concerned_is_made_anew(behind: Behind) -> None:
    """The others are the same objects as before, their sessions in QuickFIX too."""
    before = {engine.name: engine for engine in behind.acceptor._door.engines}
    behind.becomes(changed(behind.wanted, "ALPHA44", unknown_tags="ignore"))
    after = {engine.name: engine for engine in behind.acceptor._door.engines}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] is not after[name]} == {"session ALPHA44"}


def test_what_a_logon_alone_needs_stops_no_engine(behind: Behind) -> None:
    """A secret, a limit: the line has it at once."""
    before = list(behind.acceptor._door.engines)
    behind.becomes(changed(behind.wanted, "ALPHA44", unproven_max=999, username="other"))
    assert list(behind.acceptor._door.engines) == before
    assert behind.line("ALPHA44").config.unproven_max == 999  # type: ignore[attr-defined]


def test_a_hundred_changes_leave_nothing_behind(behind: Behind) -> None:
    """No descriptor, no session; lanes are told of."""
    wanted = behind.wanted
    without = {key: one for key, one in wanted.items() if key != "BETA42"}
    behind.becomes(without)
    behind.becomes(wanted)
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        behind.becomes(without)
        assert behind.line("BETA42") is None
        behind.becomes(wanted)
    assert len(list(Path("/proc/self/fd").iterdir())) == open_now
    assert behind.there["BETA42"]
    assert behind.line("BETA42").epoch == 7  # type: ignore[attr-defined]


def test_groups_form_and_part(behind: Behind) -> None:
    """Two sessions on one engine, and each on its own again; numbers stay with their stores."""
    behind.acceptor.set_numbers("ALPHA44", incoming=12, outgoing=34)
    together = changed(changed(behind.wanted, "ALPHA44", group="both"), "BETA42", group="both")
    behind.becomes(together)
    engines = {engine.name: engine for engine in behind.acceptor._door.engines}
    assert {line.config.key for line in engines["group both"].lines} == {"ALPHA44", "BETA42"}
    assert "session ALPHA44" not in engines
    behind.becomes(behind.wanted)
    line = behind.line("ALPHA44")
    assert line.numbers == (34, 12)  # type: ignore[attr-defined]
    assert group_of(line.config) == "session ALPHA44"  # type: ignore[attr-defined]


def test_other_comp_ids_are_another_session_of_fix(behind: Behind) -> None:
    """Their numbers begin anew, so their epoch does."""
    behind.becomes(changed(behind.wanted, "ALPHA44", target_comp_id="ALPHA2"))
    moved = [event for event in behind.events if isinstance(event, EpochMoved)]
    assert [(event.session, event.reason) for event in moved] == [
        ("ALPHA44", "version or CompIDs changed")
    ]


@pytest.mark.parametrize("data", [b"<fix><not-a-dictionary", "<fix/>".encode("utf-16"), b""])
def test_settings_that_cannot_be_used_leave_the_session_as_it_was(
    behind: Behind, tmp_path: Path, data: bytes
) -> None:
    """A dictionary that QuickFIX cannot read; staff is told, the others do not notice."""
    spoiled = tmp_path / "spoiled.xml"
    spoiled.write_bytes(data)
    behind.becomes(changed(behind.wanted, "ALPHA44", dictionary=str(spoiled)))
    assert behind.line("ALPHA44").config.dictionary == ""  # type: ignore[attr-defined]
    assert behind.line("ALPHA44").session is not None  # type: ignore[attr-defined]
    told = [event for event in behind.events if isinstance(event, AdminSeen)]
    assert [event.alert for event in told] == [True]


def test_a_file_that_has_changed_since_the_command_is_not_taken(behind: Behind) -> None:
    """What was decided and what is read must be the same; what goes is let go in any case."""
    sessions = [one for one in behind.config.to_desk().sessions if one.key != "BETA42"]
    behind.acceptor.sessions_changed(sessions)
    until = time.monotonic() + 10
    while behind.line("BETA42") is not None and time.monotonic() < until:
        behind.acceptor.take()
    assert behind.line("BETA42") is None
    assert behind.line("ALPHA44") is not None
    assert any(isinstance(event, AdminSeen) and event.alert for event in behind.events)
