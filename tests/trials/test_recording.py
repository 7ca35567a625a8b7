"""A session that was recorded passes as a scenario against the same desk."""

import gzip
from pathlib import Path

import msgspec
import pytest

from otcfix.model.errors import ConfigError
from otcfix.trials.campaign import Campaign, chosen, read_pack, shipped_pack
from otcfix.trials.parties import Lane, Party
from otcfix.trials.reading import read
from otcfix.trials.recording import Overheard, Proxy, read_log
from otcfix.trials.scenario import FAILED, PASSED, Result
from otcfix.trials.turning import turned

PACK = read_pack(shipped_pack())
RECORDED = (
    "5-quotes/two-way-hit-offer", "5-quotes/unknown-symbol", "7-orders/missing-price",
    "8-changes/replace-price", "8-changes/status",
)  # fmt: skip


def lane_of(party: Party, version: str) -> Lane:
    """A session of *version* for everything."""
    return next(one for one in party.lanes if one.who.version == version and one.role == "main")


def play(lane: Lane, scenarios: list, party: Party) -> Result:  # type: ignore[type-arg]
    """One scenario on one session."""
    there = Party("here", [lane], has=party.has, stage=party.stage)
    return Campaign(there, scenarios).play()[0]


def overhear(party: Party, version: str, name: str) -> list[Overheard]:
    """Play a scenario through a proxy; what it wrote down."""
    lane = lane_of(party, version)
    proxy = Proxy(0, lane.who.host, lane.who.port)
    proxy.start()
    try:
        through = Lane(
            lane.key, "main", msgspec.structs.replace(lane.who, port=proxy.port), lane.values
        )
        through.numbers = lane.numbers
        played = play(through, chosen(PACK, [name], [], []), party)
        assert played.verdict == PASSED, played.why
        assert proxy.ended.wait(5)
    finally:
        proxy.stop()
    return proxy.overheard


@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"])
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_session_passes_again(party: Party, version: str, name: str) -> None:
    """Through the proxy, turned into a scenario, played against the same desk."""
    text = turned(overhear(party, version, name), "Recorded")
    assert "trial-of-our-own" not in text
    result = play(lane_of(party, version), [read(text, "recorded", "recorded")], party)

    assert result.verdict == PASSED, f"{result.why}\n{text}"


def test_a_recording_can_fail(party: Party) -> None:
    """What was heard is expected: another status is a difference."""
    text = turned(overhear(party, "FIX.4.4", "5-quotes/two-way-hit-offer"), "Recorded")
    assert "|39=2|" in text
    wrong = read(text.replace("|39=2|", "|39=1|"), "recorded", "recorded")

    assert play(lane_of(party, "FIX.4.4"), [wrong], party).verdict == FAILED


@pytest.mark.parametrize("bar", ["\x01", "|", "^A", ";", "&#1;"])
def test_a_log_is_turned_into_a_scenario(party: Party, tmp_path: Path, bar: str) -> None:
    """Lines with anything in front, any delimiter; it passes against the same desk."""
    lines = []
    for one in overhear(party, "FIX.4.4", "5-quotes/two-way-hit-offer"):
        if one.way != "x":
            fields = bar.join(f"{tag}={value}" for tag, value in one.heard.pairs)
            lines.append(f"2027-01-13 12:00:00 INFO <{one.way}> {fields}{bar}")
    path = tmp_path / "messages.log"
    text = "a line without a message\n" + "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode("latin-1")))
    text = turned(read_log(path), "From a log")

    result = play(lane_of(party, "FIX.4.4"), [read(text, "log", "log")], party)
    assert result.verdict == PASSED, f"{result.why}\n{text}"


def test_a_log_without_messages_says_so(tmp_path: Path) -> None:
    """No message, or no Logon to know the sides by."""
    path = tmp_path / "messages.log"
    path.write_text("nothing\n")
    with pytest.raises(ConfigError, match="no FIX message"):
        read_log(path)
    path.write_text("8=FIX.4.4|9=5|35=0|49=A|56=B|34=2|52=20270113-12:00:00|10=000|\n")
    with pytest.raises(ConfigError, match="--client"):
        read_log(path)
