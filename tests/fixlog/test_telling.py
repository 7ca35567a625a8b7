"""What is told of messages: names, groups, what stands out, which are chosen."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.fixlog import fields
from otcfix.fixlog.differing import Pair, differences
from otcfix.fixlog.filters import BadFilter, compiled
from otcfix.fixlog.header import head_of
from otcfix.fixlog.line import Lines
from otcfix.fixlog.logged import Logged, instant
from otcfix.fixlog.names import Dictionaries
from otcfix.fixlog.reader import read
from otcfix.fixlog.shapes import Shapes
from otcfix.fixlog.stats import Spread, Stats
from otcfix.fixlog.tracing import chain_of, traced
from otcfix.fixlog.watch import Watch
from tests.fixlog.logs import FILL, LOGON, ORDER, message, numbered

HEADER = "34=1|49=A|52=20260102-10:00:00|56=B|"


def one(text: bytes, line: int = 1, when: str = "", faults: tuple[str, ...] = ()) -> Logged:
    return Logged(line, when, "", text, faults)


def line_of(text: bytes, names: Dictionaries | None = None, **options: bool) -> str:
    lines = Lines(names or Dictionaries(), colour=options.pop("colour", False), **options)
    return lines.line(one(text), head_of(text), []).decode()


# -- names -------------------------------------------------------------------------------------


def test_a_line_names_tags_and_values() -> None:
    """The order as people read it."""
    assert line_of(ORDER) == (
        "     1 20260102-10:00:02.000 - NewOrderSingle(D) A>B #2  ClOrdID=C1 Symbol=BTC/USD "
        "Side=1(BUY) TransactTime=20260102-10:00:02 OrderQty=1 OrdType=2(LIMIT) Price=100.5\n"
    )


@pytest.mark.parametrize(
    ("begin", "more", "said"),
    [
        ("FIX.4.2", "150=1|", "ExecType=1(PARTIAL_FILL)"),
        ("FIX.4.4", "150=F|", "ExecType=F(TRADE"),
        ("FIX.4.0", "20=0|", "ExecTransType=0(NEW)"),
        ("FIXT.1.1", "1128=9|2376=24|", "PartyRoleQualifier=24"),
        ("FIXT.1.1", "1128=4|22=1|", "IDSource=1(CUSIP)"),
        ("FIX.4.2", "18=1 6|", "ExecInst=1 6(NOT_HELD PARTICIPATE"),
        ("FIX.4.2", "9999=x|", "9999=x"),
        ("FIX.4.2", "2376=1|", "PartyRoleQualifier=1"),
    ],
)
def test_names_go_by_the_version(begin: str, more: str, said: str) -> None:
    """What a tag and a value mean depends on BeginString(8), with FIXT on ApplVerID(1128)."""
    assert said in line_of(message(f"35=8|{HEADER}{more}", begin))


def test_a_fixt_session_says_its_version_at_logon() -> None:
    """DefaultApplVerID(1137) holds for both directions of that session, and no other."""
    names = Dictionaries()
    names.of(message(f"35=A|{HEADER}1137=4|", "FIXT.1.1"))

    assert names.of(message("35=8|34=1|49=B|56=A|", "FIXT.1.1")).version == "FIX.4.2"
    assert names.of(message("35=8|34=1|49=X|56=A|", "FIXT.1.1")).version == "FIX.5.0SP2"


CUSTOM = """<fix major='4' minor='4'><messages>
<message name='Ping' msgtype='U9' msgcat='app'><field name='Mood' required='N'/>
<group name='NoMoods' required='N'><field name='Mood' required='N'/></group></message></messages>
<fields><field number='8201' name='Mood' type='CHAR'><value enum='1' description='SUNNY'/></field>
<field number='8200' name='NoMoods' type='NUMINGROUP'/></fields></fix>"""


def test_a_dictionary_of_ones_own(tmp_path: Path) -> None:
    """Its fields, values, messages and groups are laid over every version."""
    path = tmp_path / "own.xml"
    path.write_text(CUSTOM)
    text = message(f"35=U9|{HEADER}8200=2|8201=1|8201=2|")

    assert "Ping(U9)" in line_of(text, Dictionaries(path))
    assert "Mood=1(SUNNY) Mood=2" in line_of(text, Dictionaries(path))
    tree = Shapes(Dictionaries(path)).document(one(text), head_of(text), [])
    assert tree["fields"]["NoMoods"] == [{"Mood": "1"}, {"Mood": "2"}]


def test_a_dictionary_that_is_none(tmp_path: Path) -> None:
    """It says which file."""
    path = tmp_path / "own.xml"
    path.write_text("<fix><fields><field/></fields></fix>")

    with pytest.raises(ValueError, match=r"own\.xml: no dictionary"):
        Dictionaries(path)


def test_groups_stand_below_their_count() -> None:
    """Groups in groups; what follows them is of the message again."""
    text = message(
        f"35=8|{HEADER}37=1|453=2|448=P|447=D|452=1|802=2|523=u|803=2|523=v|803=25|448=Q|447=D|"
        "452=3|58=end|"
    )

    document = Shapes(Dictionaries()).document(one(text), head_of(text), [])["fields"]

    assert document["NoPartyIDs"][0]["NoPartySubIDs"] == [
        {"PartySubID": "u", "PartySubIDType": "2"},
        {"PartySubID": "v", "PartySubIDType": "25"},
    ]
    assert document["NoPartyIDs"][1] == {"PartyID": "Q", "PartyIDSource": "D", "PartyRole": "3"}
    assert document["Text"] == "end"
    tree = Shapes(Dictionaries()).tree(one(text), head_of(text), []).decode()
    assert "      PartySubIDs" not in tree
    assert "  [2]\n      PartyID(448) = Q" in tree


def test_a_line_is_fit_for_a_terminal() -> None:
    """Control characters are escaped, whatever field they stand in; bytes are UTF-8 or Latin-1."""
    evil = fields.framed(
        b"FIX.4.4", b"35=B\x0134=1\x0149=\x1b[2J\x0152=x\x0156=B\x01148=a\x07\xe9\x01"
    )

    text = line_of(evil)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2J>B" in text
    assert "Headline=a\\x07é" in text


def test_secrets_are_blank_unless_asked_for() -> None:
    """R13: Password(554) and RawData(96)."""
    text = message(f"35=A|{HEADER}95=4|96=abcd|553=u|554=pw|925=new|")

    assert "RawData=***" in line_of(text)
    assert "Password=***" in line_of(text)
    assert "NewPassword=***" in line_of(text)
    assert "Password=pw" in line_of(text, secrets=True)
    assert "pw" not in json.dumps(Shapes(Dictionaries()).document(one(text), head_of(text), []))


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_any_message_has_a_line_a_tree_and_a_document(parts: list[bytes]) -> None:
    """Nothing in a message raises, and a line is one line."""
    text = b"8=FIX.4.4\x019=5\x0135=" + b"\x01".join(parts) + b"\x0110=000\x01"
    head = head_of(text)
    shapes = Shapes(Dictionaries())

    shown = Lines(Dictionaries(), colour=False).line(one(text), head, []).decode()

    assert shown.count("\n") == 1
    assert shown[:-1].isprintable()
    shapes.tree(one(text), head, [])
    shapes.row(one(text), head, [])
    json.dumps(shapes.document(one(text), head, []))


# -- what stands out ---------------------------------------------------------------------------


def flags_of(*texts: bytes) -> list[list[str]]:
    """The kinds of flags of each message."""
    watch = Watch()
    return [
        [f.kind for f in watch.flags(o, head_of(o.message))]
        for o in read(io.BytesIO(b"".join(texts)))
    ]


def test_an_even_log_has_no_flags() -> None:
    """Both directions count for themselves."""
    log = [numbered(n) for n in range(1, 20)] + [
        numbered(n, "0", "", "B", "A") for n in range(7, 9)
    ]

    assert flags_of(*log) == [[]] * 21


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        (numbered(5), ["gap"]),
        (numbered(1), ["clock", "low"]),
        (numbered(1, "0", "43=Y|122=20260102-10:00:01|"), ["resend"]),
        (numbered(3, "2", "7=1|16=0|"), ["resend"]),
        (numbered(3, "4", "123=Y|36=9|"), ["resend"]),
        (numbered(1, "A", "98=0|108=30|141=Y|"), ["clock", "reset"]),
        (numbered(3, "3", "45=2|373=5|58=bad|"), ["reject"]),
        (numbered(3, "j", "45=2|372=D|380=3|"), ["reject"]),
        (numbered(3, "8", "37=1|150=8|39=8|58=no|"), ["reject"]),
        (numbered(3, "8", "37=1|150=0|39=0|"), []),
        (numbered(3, "b", "131=1|297=5|"), ["reject"]),
        (numbered(3)[:-4] + b"000\x01", ["broken"]),
        (message("35=0|34=3|49=A|52=20260102-09:59:00|56=B|"), ["clock"]),
        (message("35=0|34=3|49=A|52=20260102-13:59:00|56=B|"), ["clock"]),
        (message("35=0|34=3|49=A|52=soon|56=B|"), ["clock"]),
    ],
)
def test_what_stands_out(more: bytes, kinds: list[str]) -> None:
    """After the messages 1 and 2 of a session."""
    assert flags_of(numbered(1), numbered(2), more)[2] == kinds


def test_after_a_gap_it_goes_on() -> None:
    """A gap is told once; a gap fill sets what is expected."""
    fill = numbered(2, "4", "123=Y|36=7|43=Y|")

    assert flags_of(numbered(1), numbered(5), numbered(6), fill, numbered(7)) == [
        [], ["gap"], [], ["resend"], [],
    ]  # fmt: skip


# -- choosing ----------------------------------------------------------------------------------

TWO = message(f"35=R|{HEADER}131=R1|146=2|55=BTC/USD|38=5|55=ETH/USD|38=0.50|58=a (b)|")


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ("MsgType=R", True),
        ("MsgType=QuoteRequest", True),
        ("35=D", False),
        ("Symbol=ETH/USD", True),
        ("symbol=BTC/USD and 38=5", True),
        ("Symbol=LTC/USD or OrderQty<1", True),
        ("OrderQty<0.5", False),
        ("OrderQty>=5.00", True),
        ("Symbol~'^ETH' and not Side", True),
        ("Symbol!~X and Symbol!=X", True),
        ("Symbol!=BTC/USD", False),
        ("not (MsgType=R or MsgType=D)", False),
        ("(MsgType=D or MsgType=R) and (Symbol)", True),
        ("Text='a (b)'", True),
        ("BeginString=FIX.4.4", True),
        ("time>=10:00 and time<10:01", True),
        ("time>2026-01-02T10:00:00", False),
        ("time<=20260102-10:00:00 and time>=2026-01-02", True),
        ("session=A>B and direction=''", True),
        ("line=1", True),
        ("line>1", False),
    ],
)
def test_expressions(expression: str, matches: bool) -> None:
    """Names and tags, values and meanings, numbers as numbers, any of those that repeat."""
    assert compiled(expression, Dictionaries())(one(TWO), head_of(TWO)) is matches


@pytest.mark.parametrize(
    "expression",
    ["", "and", "Nonsense=1", "MsgType=", "(MsgType=D", "MsgType=D Symbol=X", "58~'('", "time>noon",
     "time~1", "direction", "not", "(" * 80 + "55" + ")" * 80],
)  # fmt: skip
def test_what_is_no_expression(expression: str) -> None:
    """It says what, and never anything else."""
    with pytest.raises(BadFilter):
        compiled(expression, Dictionaries())


@given(st.text("MsgType=D and()'~<>! 35\"", max_size=30))
def test_any_text_is_an_expression_or_told_to_be_none(text: str) -> None:
    """No other error."""
    try:
        match = compiled(text, Dictionaries())
    except BadFilter:
        return
    match(one(ORDER), head_of(ORDER))


def test_data_is_not_searched_for_fields() -> None:
    """A tag=value inside RawData(96) is no field of the message."""
    inner = b"\x0155=X\x01"
    text = fields.framed(
        b"FIX.4.4", b"35=n\x0134=1\x0149=A\x0152=x\x0156=B\x0195=6\x0196=" + inner + b"\x01"
    )

    assert not compiled("Symbol=X", Dictionaries())(one(text), head_of(text))


# -- figures, traces, differences --------------------------------------------------------------


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=200))
def test_percentiles_are_right_within_two_percent(lengths: list[int]) -> None:
    """Whatever the number of samples, in bounded memory."""
    spread = Spread()
    for length in lengths:
        spread.add(length)
    ordered = sorted(lengths)

    for share in (0.01, 0.5, 0.9, 0.99, 1.0):
        exact = next(x for n, x in enumerate(ordered, 1) if n >= share * len(ordered))
        assert exact <= spread.at(share) <= exact * 1.02 + 1


def test_figures() -> None:
    """Types, sessions, rejects, flags, latency from the log's own time, rates."""
    stats, watch = Stats(Dictionaries()), Watch()
    log = (
        b"20260102-10:00:00.000 : " + ORDER + b"\n20260102-10:00:00.002500 : " + FILL + b"\n"
        b"20260102-10:00:02.000 : "
        + numbered(3, "8", "37=2|11=C9|150=8|39=8|103=99|58=no|", "B", "A")
    )  # fmt: skip
    for o in read(io.BytesIO(log)):
        stats.take(o, head_of(o.message), watch.flags(o, head_of(o.message)))

    found = stats.document()

    assert found["messages"] == 3
    assert found["per_s"] == 1.5
    assert found["busiest_second"] == 2
    assert found["sessions"] == {"B>A": 2, "A>B": 1}
    assert [(row["type"], row["count"]) for row in found["types"]] == [("8", 2), ("D", 1)]
    assert found["rejects"] == {"35=8 103=99 no": 1}
    assert found["latencies"]["D>8"]["p50_us"] == 2500


def chain_log() -> list[Logged]:
    """A request, its quote, the order that hit it, its replacement; and a stranger's C1."""
    texts = [
        numbered(1, "R", "131=R1|146=1|55=BTC/USD|"),
        numbered(1, "S", "131=R1|117=Q1|55=BTC/USD|", "B", "A"),
        numbered(2, "D", "11=C1|117=Q1|55=BTC/USD|"),
        numbered(2, "8", "37=O1|11=C1|17=E1|150=0|", "B", "A"),
        numbered(1, "D", "11=C1|55=BTC/USD|", "Z"),
        numbered(3, "G", "41=C1|11=C2|37=O1|"),
        numbered(3, "3", "45=3|58=bad|", "B", "A"),
        numbered(4, "8", "37=O1|11=C2|41=C1|17=E2|150=5|", "B", "A"),
        numbered(5, "0", "", "B", "A"),
        numbered(6, "8", "37=O9|11=C9|17=E9|150=0|", "B", "A"),
    ]
    return [one(text, number) for number, text in enumerate(texts, 1)]


@pytest.mark.parametrize("wanted", ["R1", "Q1", "C2", "O1", "E2"])
def test_a_trace_finds_the_whole_chain_from_any_id(wanted: str) -> None:
    """Also what came before; not the order of another client with the same ClOrdID."""
    chain = chain_of(chain_log, wanted)

    assert [o.line for o in traced(chain_log, chain)] == [1, 2, 3, 4, 6, 7, 8]


def test_an_unknown_id_has_no_trace() -> None:
    """Parts of ids are no ids."""
    assert not list(traced(chain_log, chain_of(chain_log, "C")))


def pairs(first: list[bytes], second: list[bytes]) -> list[tuple[int, int, list[bytes]]]:
    def told(pair: Pair) -> tuple[int, int, list[bytes]]:
        changes = [c.tag for c in pair.changes]
        return (
            pair.first.line if pair.first else 0,
            pair.second.line if pair.second else 0,
            changes,
        )

    left = [one(text, n) for n, text in enumerate(first, 1)]
    right = [one(text, n) for n, text in enumerate(second, 1)]
    return [told(pair) for pair in differences(left, right)]


def test_two_logs_that_are_the_same_but_for_what_always_differs() -> None:
    """Numbers, times, lengths and sums are not compared."""
    log = [numbered(n, "D", f"11=C{n}|") for n in range(1, 5)]
    later = [numbered(n + 10, "D", f"11=C{n}|") for n in range(1, 5)]

    assert pairs(log, later) == [(n, n, []) for n in range(1, 5)]


def test_where_two_logs_differ() -> None:
    """A field changed, absent, added; a message missing, a message more; then as before."""
    log = [numbered(n, "D", f"11=C{n}|38=1|") for n in range(1, 7)]
    other = list(log)
    other[1] = numbered(2, "D", "11=C2|38=2|59=0|")
    del other[3]
    other.insert(4, numbered(9, "F", "11=X|41=C5|"))

    assert pairs(log, other) == [
        (1, 1, []), (2, 2, [b"38", b"59"]), (3, 3, []), (4, 0, []), (5, 4, []), (0, 5, []),
        (6, 6, []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("20260102-10:00:00.5", 500_000),
        ("2026-01-02 10:00:00,123", 123_000),
        ("2026-01-02T12:00:00.000001999+02:00", 1),
        ("20260102-10:00:00.000000Z", 0),
    ],
)
def test_times_of_logs(text: str, micros: int) -> None:
    """UTC unless an offset is named; cut off at the microsecond."""
    assert instant(text) == 1767348000_000000 + micros


@pytest.mark.parametrize("text", ["", "10:00:00", "20261302-10:00:00", "soon"])
def test_what_is_no_time(text: str) -> None:
    """None, not an error."""
    assert instant(text) is None


def test_a_logon_and_a_fill_are_read_by_name() -> None:
    """The fixtures are what they seem."""
    assert "Logon(A)" in line_of(LOGON)
    assert "ExecType=F(TRADE" in line_of(FILL)
