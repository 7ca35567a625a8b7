"""The rules of engagement say what the code does: its tables, lists, numbers and conversations."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from otcfix.config.models import AcceptorConfig, DeskConfig, SessionConfig
from otcfix.desk import busting, dealing, enquiries, session_acts, streaming, upkeep
from otcfix.fix import (
    acceptor,
    application,
    changing,
    controls,
    parse,
    proof,
    render,
    timetable,
    wire,
)
from otcfix.fix.dictionaries import EXTENSIONS, MESSAGES, SESSION, Dictionaries, build
from otcfix.fix.parse import Parser
from otcfix.fix.render import rendered
from otcfix.fix.settings import settings_text
from otcfix.gate import CANCEL_CHECKS, ORDER_CHECKS, QUOTE_CHECKS
from otcfix.gate.order_checks import TIME_IN_FORCE
from otcfix.model.pricing import StreamTerms
from otcfix.model.refusal import (
    ALLOCATION_CODES,
    BUSINESS_CODES,
    CANCEL_CODES,
    MARKET_DATA_CODES,
    MARKET_DATA_TAGS,
    ORDER_CODES,
    QUOTE_CODES,
    VERSIONS,
    Refusal,
)
from otcfix.model.replies import (
    Reply,
)
from otcfix.model.session_commands import SendNews
from tests.conversation import Client, Conversation
from tests.support import engagement
from tests.support.engagement import spoken_by
from tests.support.engagement_replies import SESSION_OF, replies_of, streamed_tags
from tests.support.house_desk import INSTRUMENTS, SESSIONS
from tests.support.lines import fields_of
from tests.support.staff import busts
from tests.support.world import SOH, Heard

PAGE = Path(wire.__file__).with_name("README.md").read_text("utf-8")
SPOKEN = dict(zip(("4.2", "4.4", "5.0SP2"), VERSIONS, strict=True))

Row = tuple[str, ...]
TALKS = re.findall(r"```talk (\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def _without_stock_dictionaries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether stock ones take what we say is other tests' matter; loading them takes a second."""
    monkeypatch.setattr("tests.support.world.stock_validator", lambda _: lambda _raw: None)


# -- reading the page --------------------------------------------------------------------------


def table(first: str) -> list[Row]:
    """The rows of the table whose head begins with the cells *first*."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n", maxsplit=1)[0].splitlines()
    cut = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    rows = [tuple(cell.strip().replace(r"\|", "|") for cell in row) for row in cut]
    assert len({len(row) for row in rows}) == 1, f"ragged table: {first}"
    return rows[2:]


def section(title: str) -> str:
    """The text below a heading, up to the next one, on one line."""
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return " ".join(found[1].split())


def tags_in(text: str) -> list[int]:
    """The tags in a cell: every number that is not part of `40=2` or a word."""
    return [int(tag) for tag in re.findall(r"(?<![\w=])(?<!\d\.)\d+(?![\w=]|\.\d)", text)]


# -- refusals ----------------------------------------------------------------------------------

TABLES = (QUOTE_CODES, ORDER_CODES, CANCEL_CODES, BUSINESS_CODES)


def test_every_refusal_stands_there_with_its_words() -> None:
    """No code is said that the page does not know, and none is promised that is never said."""
    said = {row[0]: row[-1] for row in table("CODE")}

    assert said == {refusal.name: refusal.value for refusal in Refusal}


@pytest.mark.parametrize("column", range(len(TABLES)))
def test_codes_per_version(column: int) -> None:
    """300/658, 103, 102 and 380 of each refusal, in each version."""
    page = {row[0]: row[1 + column] for row in table("CODE") if row[1 + column]}

    assert page == {
        refusal.name: " / ".join("-" if code is None else str(code) for code in codes)
        for refusal, codes in TABLES[column].items()
    }


@pytest.mark.parametrize(
    ("checks", "behind"),
    [
        (QUOTE_CHECKS, {"NO_DEPTH": "NO_PRICE"}),
        (ORDER_CHECKS, {}),
        (CANCEL_CHECKS, {}),
    ],
)
def test_rows_stand_in_the_order_of_the_checks(
    checks: tuple[Callable[..., Any], ...], behind: dict[str, str]
) -> None:
    """What the page says of precedence is the order in which the gate runs its checks."""
    rows = [row[0] for row in table("CODE")]
    told = [
        name
        for check in checks
        for name in dict.fromkeys(re.findall(r"Refusal\.(\w+)", inspect.getsource(check)))
    ]
    again = "NOT_AUTHORISED"  # of the instrument, right behind UNKNOWN_SYMBOL
    if told.count(again) == 2:
        at = len(told) - 1 - told[::-1].index(again)
        assert told[at - 1] == "UNKNOWN_SYMBOL"
        del told[at]
    places = [rows.index(behind.get(name, name)) for name in told]

    assert places == sorted(places)
    assert "again behind UNKNOWN_SYMBOL" in section("Refusals")


def test_reasons_of_refused_streams() -> None:
    """MDReqRejReason(281) of each refusal."""
    ours: dict[str, list[str]] = {}
    for refusal, code in MARKET_DATA_CODES.items():
        ours.setdefault(str(code), []).append(refusal.name)
    for tag, code in MARKET_DATA_TAGS.items():
        ours.setdefault(str(code), []).append(f"UNSUPPORTED tag={tag}")

    assert {row[0]: row[1].split(", ") for row in table("281 | Refused because")} == ours
    assert f"more than {streaming.LISTED_MAX} symbols a session" in section("Streams")


def test_reasons_of_refused_allocations() -> None:
    """AllocRejCode(88) of each refusal, the same in every version."""
    page = {row[0]: sorted(row[1].split(", ")) for row in table("88 | Refused because")}
    ours: dict[str, list[str]] = {}
    for refusal, codes in sorted(ALLOCATION_CODES.items(), key=lambda one: one[0].name):
        (code,) = set(codes)
        ours.setdefault(str(code), []).append(refusal.name)

    assert page == ours


def test_times_of_streams() -> None:
    """Intervals, graces and lives as shipped."""
    terms, streams = StreamTerms(), section("Streams")
    follow = section("Quotes that follow the price")

    assert f"at most every {terms.interval_ms} ms" in streams
    assert f"dealt on for {terms.rung_grace_ms} ms more" in streams
    assert f"at most every {terms.rfq_interval_ms} ms" in follow
    assert f"after {terms.rfq_life_max_ms // 1_000} seconds" in follow
    assert terms.sizes_max == 5
    assert "five at most" in streams


def test_other_texts_of_58() -> None:
    """Words in Text(58) without a code are those of the page."""
    page = re.findall(r"`([^`]+)`", PAGE.partition("* Other 58:")[2].partition("\n")[0])
    code = "".join(map(inspect.getsource, (busting, dealing, enquiries, upkeep, render)))

    assert len(page) == 8
    for words in page:
        assert f'"{words}"' in code, words


# -- messages ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dictionaries:
    return build(tmp_path_factory.mktemp("dictionaries"))


@pytest.fixture(scope="module")
def spoken(made: Dictionaries) -> dict[str, dict[str, dict[int, bool]]]:
    """Per version what its messages hold."""
    session = spoken_by(made.fixt11).messages
    return {
        "4.2": spoken_by(made.fix42).messages,
        "4.4": spoken_by(made.fix44).messages,
        "5.0SP2": session | spoken_by(made.fix50sp2).messages,
    }


def inbound() -> dict[str, Row]:
    """MsgType to its row in the list of what a client may send."""
    return {row[0]: row for row in table("35 | Message | Versions | Sessions")}


def test_the_list_of_messages_is_the_parsers() -> None:
    """What has a reader is listed, in the versions whose dictionary has it."""
    readers = Parser(SESSIONS["A44"], INSTRUMENTS)._readers

    assert set(inbound()) == set(readers)
    for kind, row in inbound().items():
        in_versions = [
            number
            for number, version in SPOKEN.items()
            if kind in MESSAGES[version].split() or kind in SESSION.split()
        ]
        assert row[2].split() == in_versions, kind


def test_what_the_dictionaries_require(spoken: dict[str, dict[str, dict[int, bool]]]) -> None:
    """Fields without which QuickFIX answers 373=1."""
    for kind, row in inbound().items():
        common, _, only = row[4].partition("(")
        more = dict(part.split(": ") for part in only.rstrip(")").split("; ") if part)
        for number in row[2].split():
            page = {*tags_in(common), *tags_in(more.get(number, ""))}
            required = {tag for tag, needed in spoken[number][kind].items() if needed}
            assert page == required, f"{kind} in {number}"


T = "20270113-12:00:00"
WHOLE = (
    "35=R|131=R1|146=1|55=BTC/USD|38=1|54=1",
    f"35=D|11=A|55=BTC/USD|54=1|38=1|40=2|44=9|59=6|126={T}|60={T}|1=ALPHA-1",
    f"35=D|11=A|55=BTC/USD|54=1|38=1|40=D|117=Q|60={T}",
    "35=AJ|693=x|694=1|11=A|55=BTC/USD|54=1|38=1|117=Q",
    "35=AJ|693=x|694=6|117=Q|55=BTC/USD",
    f"35=F|11=A|41=B|55=BTC/USD|54=1|60={T}|37=O",
    f"35=G|11=A|41=B|55=BTC/USD|54=1|38=1|40=2|44=9|59=6|126={T}|60={T}|37=O",
    "35=H|11=A|55=BTC/USD|54=1",
    f"35=q|11=A|530=1|55=BTC/USD|60={T}",
    "35=AF|584=A|585=1|55=BTC/USD",
    "35=Z|117=Q|298=1|55=BTC/USD",
    "35=a|117=Q|55=BTC/USD",
    "35=AU|664=K|75=20270113|60=T|940=3",
    "35=V|262=M|263=1|264=0|267=1|269=0|146=1|55=BTC/USD",
    "35=AD|568=T|569=0",
    "35=x|320=L|559=0|55=BTC/USD",
    "35=c|320=L|321=0|55=BTC/USD",
    "35=g|335=S|263=0",
    f"35=AN|710=P|724=0|1=ALPHA-1|581=1|715=20270113|60={T}",
    "35=BB|909=C",
)


@pytest.mark.parametrize("whole", WHOLE)
def test_what_the_desk_requires(whole: str) -> None:
    """Each field of the list is missed when it is left out, and no field that is not listed."""
    parser = Parser(SESSIONS["A44"], INSTRUMENTS)
    fields = fields_of(whole)
    row = inbound()[fields[0][1]]
    listed = {*tags_in(row[4]), *tags_in(row[5])}

    def missing(left_out: int) -> tuple[int, ...]:
        body = SOH.join(f"{tag}={value}" for tag, value in fields if tag != left_out)
        message = parser.parse(f"8=FIX.4.4{SOH}{body}{SOH}")
        return getattr(message, "order", message).missing

    assert not missing(0)
    for tag, _ in fields[1:]:
        if tag in tags_in(row[5]):
            assert missing(tag) or fields[0][1] == "AJ", f"{tag} is listed and not missed"
        if tag not in (40, 530, 585, 694, 559, 321) and missing(
            tag
        ):  # these decide what else is needed
            assert tag in listed, f"{tag} is missed and not listed"


def test_fields_stand_where_the_page_says(
    made: Dictionaries, spoken: dict[str, dict[str, dict[int, bool]]]
) -> None:
    """Each field of the list has its FIX name, and a place in the messages of those versions."""
    for row in table("Tag | Name | R | D | G | AJ"):
        tag = int(row[0])
        names = {spoken_by(path).names.get(tag) for path in (made.fix42, made.fix44, made.fix50sp2)}
        assert row[1] in names, f"{tag} is {names}"
        for kind, mark in zip(("R", "D", "G", "AJ"), row[2:6], strict=True):
            numbers = {"all": "4.2 4.4 5.0SP2", "4.4+": "4.4 5.0SP2", "4.2": "4.2", "": ""}[mark]
            for number in numbers.split():
                assert tag in spoken[number][kind], f"{tag} in {kind} of {number}"


def test_names_of_tags(made: Dictionaries) -> None:
    """Wherever the page says Name(Tag), the tag has that name in a version that we speak."""
    names: dict[int, set[str]] = {}
    for path in (made.fix42, made.fix44, made.fix50sp2, made.fixt11):
        for tag, name in spoken_by(path).names.items():
            names.setdefault(tag, set()).add(name)

    for name, tag in re.findall(r"\b([A-Z][A-Za-z]+)\((\d{2,4})\)", PAGE):
        assert name in names[int(tag)], f"{name}({tag})"


def test_tags_that_would_make_another_order_of_it() -> None:
    """The list of what is refused rather than passed over."""
    text = section("Fields of R, D, G and AJ").partition("past the dictionary:")[2]
    listed = text.partition(". Other fields")[0]

    assert set(tags_in(re.sub(r"\(but \d\)", "", listed))) == parse.NOT_DONE
    for tag, value in re.findall(r"(\d+) \(but (\d)\)", listed):
        assert parse.PLAIN_VALUES[int(tag)] == value


def test_the_published_place_of_our_fields_in_42() -> None:
    """Group 146: the order of the extensions' table."""
    ours = [tag for row in EXTENSIONS if row.group == 146 for tag in row.tags]

    assert f"published as {' '.join(map(str, ours))}." in section("Fields of R, D, G and AJ")


def test_forex_types_of_42() -> None:
    """40=C, F and H of 4.2 are market, limit and previously quoted."""
    assert parse.ORD_TYPES_42 == {"C": "1", "F": "2", "H": "D"}
    assert "also C, F, told as 1, 2" in PAGE
    assert "D 40=D or 40=H" in PAGE


# -- what we say -------------------------------------------------------------------------------


def test_quote_status_per_version() -> None:
    """QuoteStatus(297) of each state."""
    page = {row[0]: row[1:] for row in table("Quote is | 4.2 | 4.4 | 5.0SP2")}

    assert page == render.QUOTE_STATUS


def test_reasons_of_cancels() -> None:
    """ExecRestatementReason(378) after a disconnect, and by the desk."""
    (row,) = [row for row in table("Concept | 4.2 | 4.4 | 5.0SP2") if row[0].startswith("378")]
    ours = zip(render.CANCEL_REASON["DISCONNECT"], render.CANCEL_REASON["DESK"], strict=True)

    assert row[1:] == tuple(" / ".join(pair) for pair in ours)


def test_outbound_messages_and_their_tags() -> None:
    """The list names every message that is written and every tag that it can carry."""
    page = {row[0]: set(_tags_said(row[2])) for row in table("35 | Message | Tags")}
    written: dict[str, set[int]] = {}
    for version, key in SESSION_OF.items():
        replies = list(replies_of(key))
        assert set(render.WRITERS) == set(get_args(Reply))
        if version != "FIX.4.2":
            assert {type(reply) for reply in replies} == set(render.WRITERS)
        for reply in replies:
            kind, body, *_ = rendered(reply, SESSIONS[key], INSTRUMENTS)
            fields = [int(field.partition("=")[0]) for field in body.split(SOH)[:-1]]
            assert page[kind] >= set(fields), f"{kind} in {version}"
            written.setdefault(kind, set()).update(fields)

    for kinds in streamed_tags().values():
        for kind, tags in kinds.items():
            written.setdefault(kind, set()).update(tags)
    assert written == page


def _tags_said(cell: str) -> list[int]:
    """The tags of an outbound message's cell, the versions and values in it left out."""
    return tags_in(re.sub(r"5\.0SP2|4\.[24]|(?<=\d)=\d", "", cell))


def test_the_tables_of_messages_are_up_to_date() -> None:
    """What scripts/rules makes of dictionaries, parser and render stands on the page."""
    assert engagement.missing() == []
    made = engagement.renewed(PAGE)
    stale = [line for line in PAGE.splitlines() if line not in made.splitlines()]
    assert made == PAGE, f"scripts/rules --write; no longer true: {stale[:5]}"


def test_every_message_has_an_example_in_the_conversations() -> None:
    """The tables show lines that the test of the conversations holds against the desk."""
    shown = re.findall(r"^#### \w+ \w+\n\n.+\n\n`([CD]) (.+)`, in (\S+)$", PAGE, re.MULTILINE)
    talked = {line for _, script in TALKS for line in script.splitlines()}

    assert len(shown) == len(engagement.ORDER_IN.split()) + len(engagement.ORDER_OUT.split())
    assert all(f"{who} {line}" in talked for who, line, _ in shown)


@pytest.mark.parametrize("kind", engagement.ORDER_SESSION.split())
def test_examples_of_session_messages(
    kind: str, spoken: dict[str, dict[str, dict[int, bool]]]
) -> None:
    """They have what 4.4 requires, and no tag that the table does not show."""
    (example,) = re.findall(rf"^`[CD] (35={kind}(?:\|[^`]*)?)`$", PAGE, re.MULTILINE)
    has = spoken["4.4"][kind]
    tags = {tag for tag, _ in fields_of(example)} - {35, 43, 122}

    assert {tag for tag, needed in has.items() if needed} <= tags <= set(has)


# -- numbers -----------------------------------------------------------------------------------


def test_defaults_of_a_session() -> None:
    """What holds where the onboarding sheet is silent is what the configuration's model says."""
    fields = SessionConfig.model_fields
    for keys, values, *_ in table("Session key"):
        names = re.findall(r"`(\w+)`", keys)
        for name, value in zip(names, re.findall(r"`([^`]+)`", values), strict=True):
            default = fields[name].default
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            assert value == shown, name


def test_numbers_of_the_connection() -> None:
    """Bounds, shares and counts in the running text."""
    shipped = AcceptorConfig()
    reading = section("Reading, floods, slowness")

    assert f"after each {proof.PROOF_EVERY} messages" in reading.lower()
    assert f"112=`{proof.PROOF}`" in reading
    assert f"{shipped.inbox_share} of your messages may wait" in reading
    assert f"F and q have {shipped.inbox_cancel_reserve} places more" in reading
    assert f"With {application.FLOOD_FACTOR} times that" in reading
    assert f"({shipped.port} as shipped)" in section("Connecting")
    assert "MaxLatency=120" in inspect.getsource(settings_text)
    assert "more than 120 seconds off" in section("Connecting")
    assert f"Rejected Logon Attempt: {application.REFUSED}" in section("Connecting")
    (prices,) = re.findall(
        r"everything but prices\. (.*?) are never resent", section("Sequence numbers")
    )
    assert set(re.split(r", | and ", prices)) == application.NEVER_AGAIN
    for row in table("Text(58) of our Logout(5)")[2:5]:
        assert row[0].strip("`") in inspect.getsource(application) + inspect.getsource(proof)
    for row in table("Text(58) of our Logout(5)")[5:9]:
        assert row[0].strip("`") in inspect.getsource(session_acts) + inspect.getsource(controls)
    said = "".join(map(inspect.getsource, (acceptor, changing, timetable)))
    for row in table("Text(58) of our Logout(5)")[10:-1]:
        assert all(part in said for part in re.split(r"; | \.\.\.", row[0].strip("`"))), row[0]


def test_numbers_of_the_desk() -> None:
    """Lengths, lives and counts."""
    fields = DeskConfig.model_fields

    assert f"{1} to {wire.ID_MAX} printable ASCII" in section("What you may send")
    assert f"at most {wire.DIGITS_MAX} digits" in section("What you may send")
    lines = fields["quote_request_lines_max"].default
    assert f"at most {lines}, each answered alone" in section("Fields of R, D, G and AJ")
    seconds = fields["indicative_life_ms"].default // 1_000
    assert f"forgotten after {seconds} seconds" in section("A quote's life")
    assert fields["refused_hits_max"].default == 3
    assert "the third one does (Z)" in section("A quote's life")
    assert fields["trading_day"].default.end == "17:00"


def test_times_in_force() -> None:
    """TimeInForce(59) per OrdType(40)."""
    page = {
        row[0]: row[1].replace("absent", "").split(",") for row in table("40 | TimeInForce(59)")
    }

    assert {kind: sorted(v.strip() for v in values) for kind, values in page.items()} == {
        kind: sorted(values) for kind, values in TIME_IN_FORCE.items()
    }


def test_links_lead_somewhere() -> None:
    """Every link within the page names one of its headings."""
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}

    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert anchor in anchors, anchor


# -- conversations -----------------------------------------------------------------------------

MARKET = re.compile(r"# our prices: (\S+) / (\S+) for (\S+)")
BUST = re.compile(r"# two of our staff bust (\w+)")
NEWS = re.compile(r"# our staff says: (.+)")
LATER = re.compile(r"# (\d+s) later")
HALT = "# the desk halts"
HEADER = frozenset((8, 9, 10, 34, 49, 52, 56))


@pytest.mark.parametrize(
    ("key", "script"), TALKS, ids=[f"{n}-{key}" for n, (key, _) in enumerate(TALKS)]
)
def test_conversations_are_what_the_desk_says(desk: Conversation, key: str, script: str) -> None:
    """Every line of a client is answered by these lines, with these tags and no others."""
    client = desk.client(key)
    for line in script.strip().splitlines():
        who, _, what = line.partition(" ")
        if who == "C":
            client.says_nothing_more()
            client.C(what)
        elif who == "D":
            _all_of(client.D(what), what)
        elif moved := MARKET.match(line):
            desk.prices("BTC/USD", bid=moved[1], offer=moved[2], depth=moved[3])
        else:
            assert who == "#", line
            _happens(desk, line)
    client.says_nothing_more()


def _happens(desk: Conversation, line: str) -> None:
    """What a remark says that the desk's staff does, or that time does."""
    if busted := BUST.match(line):
        busts(desk, busted[1])
    elif news := NEWS.match(line):
        desk.tell(SendNews(news[1], (news[1],), True, (), "ann"))
    elif later := LATER.match(line):
        desk.at(f"+{later[1]}")
    elif line == HALT:
        desk.kills()


def _all_of(heard: Heard, line: str) -> None:
    said = {tag for tag, _ in heard.fields} - HEADER
    assert said == {tag for tag, _ in fields_of(line)}, f"the page leaves something out: {heard}"


def test_units_and_sides_are_what_the_desk_does(client: Client) -> None:
    """The worked examples, each in every version."""
    for number, (sent, _, heard) in enumerate(table("You send | You do")):
        order = sent.strip("`")
        kind = "" if "40=" in order else "|40=1"
        client.C(f"35=D|11=U{number}|55=BTC/USD|{order}{kind}")
        answer = client.hears_all()[-1]
        assert answer.get(39) in ("0", "2"), answer
        for tag, value in fields_of(f"8|{heard.strip('`')}")[1:]:
            assert answer.get(tag) == value, f"{order}: {tag} in {answer}"
