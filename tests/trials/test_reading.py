"""Scenario files: what they say, and what is wrong with them, by file and line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.errors import ConfigError
from otcfix.trials.matching import matched
from otcfix.trials.reading import fields_of, read, versions_of
from otcfix.trials.values import Scope, Unclear, evaluated
from otcfix.trials.wire import Heard, framed, pairs_of, split_frames

HEAD = "title A trial\nuses qty\nids A1\n"


def faults(text: str) -> str:
    """What is wrong with a file."""
    with pytest.raises(ConfigError) as error:
        read(text, "rfq.trial", "rfq")
    return str(error.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dance", "no such step"),
        ("say 11={A1}", "expected MsgType(35)"),
        ("say 35=D|price=1", "expected a field"),
        ("say 35=D|38={quantity}", "nothing above gives it a value"),
        ("say 35=D|38>1", "tag=value"),
        ("hear 35=8|31~[", "no regular expression"),
        ("hear 35=8|31=>1x", "expected a name behind =>"),
        ("hear all", "indented lines"),
        ("4.9 say 35=D", "no such version"),
        ("wait long", "expected a time"),
        ("again A9", "no `say as A9`"),
        ("market nudge X 1", "expected `needs market`"),
        ("ignore everything", "expected one of"),
        ("check {qty} = 1", "expected VALUE OP VALUE"),
        ("title Another", "in front of the first step"),
        ("@other logon", "expected `beside other` in front of the steps"),
        ("clear", "expected MsgTypes"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(line: str, said: str) -> None:
    """The fourth line is wrong, and the message says so."""
    found = faults(f"{HEAD}connect\n{line}\n")
    assert found.startswith("rfq.trial:5: ")
    assert said in found


def test_a_second_session_and_what_is_held() -> None:
    """Steps of another session say so; staff's acts on one session let others play on."""
    head = "title A trial\nbeside copy\nholds depth\nneeds operator\n"
    found = read(f"{head}@copy logon\n4.4+ @copy hear 35=8\nlogon\n", "x.trial", "x")
    assert [step.beside for step in found.steps] == ["copy", "copy", ""]
    assert (found.beside, found.holds, found.alone) == (("copy",), ("depth",), False)
    assert not read(f"{head}logon\noperator hold {{sender}}\n", "x.trial", "x").alone
    assert read(f"{head}logon\noperator kill\n", "x.trial", "x").alone


def test_a_value_that_is_not_there_is_told_and_not_what_hangs_on_it() -> None:
    """The first difference is the one that helps."""
    fields = fields_of("35=8|32=>some|14={some}|151={9 - some}")
    report = Heard(((35, "8"), (14, "0"), (151, "0")), 0.0)
    found = matched(fields, report, "FIX.4.4", Scope({}, {})).differences
    assert [(one.tag, one.expected) for one in found] == [(32, "a value")]


def test_every_mistake_is_named_at_once() -> None:
    """Not one after the other."""
    found = faults("title x\nneeds luck\ndance\nwait long\n")
    assert [line.split(":")[1] for line in found.splitlines()] == ["2", "3", "4"]


def test_versions() -> None:
    """One, from one on, several."""
    assert versions_of("4.2") == {"FIX.4.2"}
    assert versions_of("4.4+") == {"FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"}
    assert versions_of("4.0,5.0SP2") == {"FIX.4.0", "FIX.5.0SP2"}


SCOPE = Scope(
    {"bid": "100.25", "tick": "0.05", "lot": "10", "at": "20270113-12:00:00.000", "word": "x"}, {}
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("bid", "100.25"),
        ("bid + tick", "100.3"),
        ("tick(bid * 1.001)", "100.35"),
        ("up(bid, 1)", "101"),
        ("down(bid, 1)", "100"),
        ("round(2.5, 1)", "3"),
        ("lot(14)", "10"),
        ("at+3s", "20270113-12:00:03.000"),
        ("at-500ms", "20270113-11:59:59.500"),
        ("date(at)", "20270113"),
    ],
)
def test_expressions(expression: str, value: str) -> None:
    """Exact decimals, times, steps."""
    assert evaluated(expression, SCOPE) == value


@pytest.mark.parametrize(
    "expression", ["word + 1", "bid / 0", "open('x')", "bid.real", "nobody", "word+3s", "1 +"]
)
def test_what_is_no_value_says_so(expression: str) -> None:
    """No surprise from Python: only what the language has."""
    with pytest.raises(Unclear):
        evaluated(expression, SCOPE)


MESSAGE = "35=8|39=2|31=100.50|60=20270113-12:00:00.200|58=TOO_OLD: late|269=0|270=5|269=1|270=7"


def differs(line: str, message: str = MESSAGE) -> list[int]:
    """The tags that are not as expected."""
    heard = Heard(pairs_of(message, "|"), 0.0)
    return [d.tag for d in matched(fields_of(line), heard, "FIX.4.4", SCOPE).differences]


@pytest.mark.parametrize(
    "line",
    [
        "39=2|31=100.5|14=-|58=TOO_OLD...|60=..",
        "39 in 1 2|31>100|31<=100.5|31!=101|60>20270113-12:00:00",
        "31=100 +- 0.5",
        "31=100.25 +- 25bp",
        "60={at} +- 500ms",
        r"58~TOO_[A-Z]+: \w+|4.2:14=7|97=*",
        "269=0|270=5|269=1|270=7",
        "31=100.5 => price|58=TOO_OLD...|31<={price}",
    ],
)
def test_what_fits(line: str) -> None:
    """Exact, any, absent, prefix, pattern, one of, tolerance, order, groups, versions."""
    assert differs(line) == []


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("39=1", 39), ("31=100.51", 31), ("14=..", 14), ("58=-", 58), ("31=101 +- 0.4", 31),
        ("60={at} +- 100ms", 60), ("39 in 0 1", 39), ("31>100.5", 31), ("58~TOO", 58),
        ("269=0|269=0", 269), ("14=>x", 14), ("31!=100.5", 31),
    ],
)  # fmt: skip
def test_what_does_not_fit(line: str, tag: int) -> None:
    """Each of them can fail."""
    assert differs(line) == [tag]


@given(st.lists(st.tuples(st.integers(11, 999), st.text("abc 123.", min_size=1)), max_size=8))
def test_frames_come_back(body: list[tuple[int, str]]) -> None:
    """What is framed is split again, also when it comes in pieces."""
    whole = framed("FIX.4.4", "D", [(34, "1")], body, {})
    found, rest = split_frames(whole[:20], 0.0)
    assert not found
    found, rest = split_frames(rest + whole[20:] + whole, 0.0)
    assert [one.fault for one in found] == ["", ""]
    assert found[0].pairs[3:-1] == ((34, "1"), *body)
    assert rest == b""


def test_a_counterparty_that_cannot_count_is_told_so() -> None:
    """A wrong checksum or length is a fault of the message, and fails whatever expects it."""
    for wrong, fault in (({10: "000"}, "CheckSum"), ({9: "+2"}, "BodyLength")):
        found, _ = split_frames(framed("FIX.4.4", "0", [(34, "1")], [], wrong), 0.0)
        assert fault in found[0].fault
        assert matched(fields_of("35=0"), found[0], "FIX.4.4", SCOPE).differences
