"""Logs of any make are read: what stands between fields, around messages, and what is broken."""

import gzip
import html
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.fixlog import fields
from otcfix.fixlog.logged import Logged
from otcfix.fixlog.reader import read
from tests.fixlog.logs import FILL, LOGON, ORDER, message, numbered

DELIMITERS = (
    *("\x01", "|", "^A", ";", "<SOH>", "\\x01", "\\u0001", "\\001", "&#1;", "&#x1;", "&#01;"),
    *("&#124;", " | ", "^", "~", "[SOH]", "||", "\t", "¦", "␁", " ", "<-->"),
)


def told(log: bytes | str, **options: object) -> list[Logged]:
    """What the reader tells of a log."""
    text = log.encode("utf-8") if isinstance(log, str) else log
    return list(read(io.BytesIO(text), **options))  # type: ignore[arg-type]


def written(text: bytes, delimiter: str) -> bytes:
    """The message as a log with that delimiter has it."""
    return text.replace(b"\x01", delimiter.encode("utf-8"))


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_any_delimiter_is_found_out(delimiter: str) -> None:
    """One message a line, whatever stands between the fields."""
    log = b"\n".join(written(one, delimiter) for one in (LOGON, ORDER, FILL)) + b"\n"

    assert [(one.line, one.message, one.faults) for one in told(log)] == [
        (1, LOGON, ()),
        (2, ORDER, ()),
        (3, FILL, ()),
    ]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_a_delimiter_may_be_given(delimiter: str) -> None:
    """Where one is given no other is looked for."""
    given = delimiter.encode()
    log = written(ORDER, delimiter) + b"\n" + written(FILL, delimiter)

    assert [one.message for one in told(log, delimiter=given)] == [ORDER, FILL]


def test_a_log_of_mixed_delimiters_and_versions() -> None:
    """Each message has its own."""
    new = message("35=D|1128=9|34=1|49=A|52=20260102-10:00:00|56=B|11=x|", "FIXT.1.1")
    old = message("35=0|34=1|49=A|52=20260102-10:00:00|56=B|", "FIX.4.0")
    log = b"\n".join([written(new, "|"), written(ORDER, "^A"), written(old, ";"), LOGON])

    assert [one.message for one in told(log)] == [new, ORDER, old, LOGON]


@pytest.mark.parametrize(
    ("prefix", "when", "direction"),
    [
        ("20260101-10:00:00.000 : ", "20260101-10:00:00.000", ""),
        ("20260101-10:00:00.000000123 : ", "20260101-10:00:00.000000123", ""),
        ("<20260101-10:00:01, FIX.4.4:A->B, incoming> (", "20260101-10:00:01", "in"),
        ("<20260101-10:00:01, FIX.4.4:A->B, outgoing> (", "20260101-10:00:01", "out"),
        ("2026-01-01 10:00:00,123 INFO [NioProcessor-2] quickfixj.msg.incoming - FIX.4.4:A->B: ",
         "2026-01-01 10:00:00,123", "in"),
        ("2026-01-01T10:00:00.5Z DEBUG sent ", "2026-01-01T10:00:00.5Z", "out"),
        ("2026-01-01 10:00:00.000 | <- ", "2026-01-01 10:00:00.000", "in"),
        ("10:00:00.123 >> ", "10:00:00.123", "out"),
        ("2020-01-05 21:27:00.341_648 [95-76c:83] [EU2] (INFO) Receiving : ",
         "2020-01-05 21:27:00.341", "in"),
        ("Sending: ", "", "out"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_what_stands_before_a_message(prefix: str, when: str, direction: str) -> None:
    """The log's time and the direction, as the well-known engines write them."""
    [one] = told(prefix.encode() + ORDER + b")\r\n")

    assert (one.when, one.direction, one.message) == (when, direction, ORDER)


def test_several_messages_a_line() -> None:
    """One after the other, with or without something between; time and direction hold on."""
    log = b"20260101-10:00:00.000 : " + LOGON + ORDER + b" " + FILL + b"\n" + LOGON + b"\n"

    assert [(o.line, o.when, o.message) for o in told(log)] == [
        (1, "20260101-10:00:00.000", LOGON),
        (1, "20260101-10:00:00.000", ORDER),
        (1, "20260101-10:00:00.000", FILL),
        (2, "", LOGON),
    ]


def test_one_field_a_line() -> None:
    """Messages written below each other."""
    log = written(ORDER, "\n") + b"\n" + written(FILL, "\r\n")

    assert [(o.line, o.message) for o in told(log)] == [(1, ORDER), (17, FILL)]


@pytest.mark.parametrize("delimiter", ["|", "^A", "\x01"])
@pytest.mark.parametrize("width", [20, 37, 64])
def test_a_message_wrapped_over_lines(delimiter: str, width: int) -> None:
    """Broken anywhere: put together again, and what follows is read as well."""
    text = written(ORDER, delimiter)
    wrapped = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))

    assert [o.message for o in told(wrapped + b"\r\n" + FILL)] == [ORDER, FILL]


DATA = "any|thing\n8=FIX.4.4|9=5|35=0|10=000|; ^A 10=123|"


@pytest.mark.parametrize("delimiter", ["\x01", "|", "^A", ";", "<SOH>"])
@pytest.mark.parametrize(("length", "tag"), [(95, 96), (212, 213), (354, 355), (1401, 1402)])
def test_data_fields_may_hold_anything(delimiter: str, length: int, tag: int) -> None:
    """Separators, line ends and whole messages in a data field: the length decides."""
    data = DATA.encode()
    body = b"35=n\x0134=1\x0149=A\x0152=20260102-10:00:00\x0156=B\x01%d=%d\x01%d=%b\x0158=x\x01"
    whole = fields.framed(b"FIX.4.4", body % (length, len(data), tag, data))
    head, value, rest = whole.partition(data)
    log = written(head, delimiter) + value + written(rest, delimiter) + b"\n"

    found = told(log + written(FILL, delimiter))

    assert [o.message for o in found] == [whole, FILL]
    assert (b"%d" % tag, data) in fields.split(found[0].message)


def test_a_log_that_wrote_its_delimiter_into_data_too() -> None:
    """Every SOH became |, those in RawData(96) as well: the checksum says so."""
    body = b"35=n\x0134=1\x0149=A\x0152=20260102-10:00:00\x0156=B\x0195=5\x0196=a\x01b\x01c\x01"
    whole = fields.framed(b"FIX.4.4", body)

    assert [o.message for o in told(written(whole, "|"))] == [whole]


def test_text_that_a_log_escaped_for_html() -> None:
    """Entities between the fields, and in the values."""
    text = message('35=B|34=1|49=A|52=20260102-10:00:00|56=B|148=a <b> & "c"|')
    log = html.escape(text.decode()).replace("\x01", "&#1;").encode()

    assert [(o.message, o.faults) for o in told(log)] == [(text, ())]


def test_latin_1_and_utf_8() -> None:
    """Bytes count; a Latin-1 message in a log that was written as UTF-8 is put right."""
    utf8 = message("35=B|34=1|49=A|52=20260102-10:00:00|56=B|148=Zürich €|")
    body = "35=B|34=1|49=A|52=20260102-10:00:00|56=B|148=Zürich|".replace("|", "\x01")
    latin = fields.framed(b"FIX.4.4", body.encode("latin-1"))
    log = utf8 + b"\n" + latin + b"\n" + latin.decode("latin-1").encode("utf-8")

    assert [(o.message, o.faults) for o in told(log)] == [(utf8, ()), (latin, ()), (latin, ())]


def test_what_is_wrong_is_said() -> None:
    """Wrong length, wrong sum, cut off, no length; what follows is read all the same."""
    short = ORDER.replace(b"9=", b"9=9", 1)
    summed = ORDER[:-4] + b"999\x01"
    cut = ORDER[:60]
    bare = b"8=FIX.4.4|35=0|49=A|56=B|10=001|"

    found = told(b"\n".join([short, summed, cut, bare, b"junk 8=FIX", LOGON]))

    assert [(o.line, o.faults and o.faults[0].split(",")[0].split(" is")[0]) for o in found] == [
        (1, "BodyLength(9)"),
        (2, "CheckSum(10)"),
        (3, "cut off: no CheckSum(10)"),
        (4, "no BodyLength(9)"),
        (6, ()),
    ]
    assert "counted" in found[0].faults[0]
    assert found[2].message == cut + b"\x01"


def test_lines_without_a_message_are_told_when_asked_for() -> None:
    """Events and junk, with their line and time, between the messages."""
    log = (
        b"20260101-10:00:00.000 : Created session\n\n20260101-10:00:01.000 : " + LOGON + b"\r\n"
        + b"<20260101-10:00:02, FIX.4.4:A->B, event> (Received logon)\r\n"
        + b"\xff\xfe junk\n"
        + ORDER
        + b"\nlast words"
    )  # fmt: skip

    assert [(o.line, o.when, o.note, o.message) for o in told(log, notes=True)] == [
        (1, "20260101-10:00:00.000", "20260101-10:00:00.000 : Created session", b""),
        (3, "20260101-10:00:01.000", "", LOGON),
        (4, "20260101-10:00:02", "<20260101-10:00:02, FIX.4.4:A->B, event> (Received logon)", b""),
        (5, "", "\ufffd\ufffd junk", b""),
        (6, "", "", ORDER),
        (7, "", "last words", b""),
    ]
    assert [o.line for o in told(log)] == [3, 6]


def test_gzip_from_a_file_and_a_stream(tmp_path: Path) -> None:
    """Found out by its first bytes; several members; one that is cut ends where it is cut."""
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(LOGON + b"\n") + gzip.compress(ORDER + b"\n"))
    cut = gzip.compress(b"\n".join(numbered(n) for n in range(1, 4000)))[:-2000]

    assert [o.message for o in read(path)] == [LOGON, ORDER]
    assert [o.message for o in told(path.read_bytes())] == [LOGON, ORDER]
    assert 1000 < len(told(cut)) < 4000


def write_store(folder: Path, *, binary: bool = False) -> Path:
    """A QuickFIX message store of two messages."""
    sent = (LOGON, ORDER)
    (folder / "FIX.4.4-A-B.body").write_bytes(b"".join(sent))
    places = [(1, 0, len(LOGON)), (2, len(LOGON), len(ORDER))]
    if binary:
        header = b"".join(struct.pack(">iqi", *place) for place in places)
    else:
        header = b"".join(b"%d,%d,%d " % place for place in places)
    (folder / "FIX.4.4-A-B.header").write_bytes(header)
    return folder / "FIX.4.4-A-B"


@pytest.mark.parametrize("suffix", [".body", ".header", ""])
@pytest.mark.parametrize("binary", [False, True])
def test_a_message_store(tmp_path: Path, suffix: str, binary: bool) -> None:
    """The body by its header, C++'s and Java's; what was sent, so out."""
    path = write_store(tmp_path, binary=binary)

    found = list(read(Path(f"{path}{suffix}")))

    assert [(o.line, o.direction, o.message, o.faults) for o in found] == [
        (1, "out", LOGON, ()),
        (2, "out", ORDER, ()),
    ]


def test_a_store_whose_files_do_not_agree(tmp_path: Path) -> None:
    """A place beyond the body, a number that the message has not: said, and the rest is read."""
    path = write_store(tmp_path)
    header = f"1,0,{len(LOGON)} 7,{len(LOGON)},{len(ORDER)} 9,10,99999 x,y "
    Path(f"{path}.header").write_text(header)

    found = list(read(Path(f"{path}.body")))

    assert [o.message for o in found] == [LOGON, ORDER, b""]
    assert found[1].faults == ("the header says 7, MsgSeqNum(34) 2",)
    assert "outside of the body" in found[2].faults[0]


def test_a_body_without_its_header(tmp_path: Path) -> None:
    """Messages one after the other, without lines."""
    path = tmp_path / "FIX.4.4-A-B.body"
    path.write_bytes(LOGON + ORDER)

    assert [o.message for o in read(path)] == [LOGON, ORDER]


class Slow(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = data, size

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        piece, self.data = self.data[: self.size], self.data[self.size :]
        return piece


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pieces_of_any_size(size: int) -> None:
    """Wherever the reads break, the same is read."""
    log = b"junk\n" + b"\n".join(
        [b"20260101-10:00:00.000 : " + LOGON, written(ORDER, "|"), written(FILL, "^A"), ORDER[:50]]
    )

    assert list(read(Slow(log, size))) == told(log)  # type: ignore[arg-type]
    assert list(read(Slow(log, size), notes=True)) == told(log, notes=True)  # type: ignore[arg-type]


@given(st.binary(max_size=2_000), st.integers(0, 400))
def test_checksums_are_sums(data: bytes, filler: int) -> None:
    """Of any bytes, however many: the sum modulo 256."""
    text = data + b"\xff" * filler
    assert fields.checksum(text) == sum(text) % 256


VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="\x7f"),
    min_size=1,
    max_size=12,
)
FIELDS = st.lists(st.tuples(st.integers(100, 9999), VALUES), max_size=8)
NOT_PLAIN = {*fields.DATA_OF, *fields.DATA_OF.values()}


@given(
    st.lists(FIELDS, min_size=1, max_size=4), st.sampled_from(DELIMITERS), st.binary(max_size=30)
)
def test_any_fields_come_back_through_any_delimiter(
    bodies: list[list[tuple[int, str]]], delimiter: str, data: bytes
) -> None:
    """What was written is read, data fields of any bytes included."""
    sent = []
    for body in bodies:
        pairs = [
            (b"%d" % tag, value.encode("utf-8"))
            for tag, value in body
            if tag not in NOT_PLAIN and not any(mark in f"{value}=" for mark in (*delimiter, "&"))
        ]
        sent.append([(b"35", b"U1"), *pairs, (b"95", b"%d" % len(data)), (b"96", data)])
    lines = []
    for pairs in sent:
        text = fields.framed(b"FIX.4.4", fields.joined(pairs))
        head, _, rest = text.rpartition(b"\x0196=" + data + b"\x01")
        mark = delimiter.encode("utf-8")
        lines.append(
            written(head, delimiter) + mark + b"96=" + data + mark + written(rest, delimiter)
        )

    found = told(b"\n".join(lines))

    assert [fields.split(one.message)[2:-1] for one in found] == sent


JUNK = (
    *(b"8=FIX", b"8=FIX.4.4", b"|9=", b"\x019=12\x01", b"9999999|", b"10=", b"\n", b"\r\n"),
    *(b"95=3|96=", b"&#1;", b"^A", LOGON, ORDER, ORDER[:40], b"8=FIX.4.4\n9=5\n", b"\x1f\x8b"),
)


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(JUNK))))
def test_garbage_never_raises(pieces: list[bytes]) -> None:
    """Whatever stands in a log: it is read to its end, in lines that go up."""
    found = told(b"".join(pieces), notes=True)

    lines = [one.line for one in found]
    assert lines == sorted(lines)
    for one in found:
        fields.split(one.message)
