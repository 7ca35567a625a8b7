"""Every feature of a dialect as a pair: what he says and we read, what we say and he hears."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.fix.dialects import Translation
from otcfix.fix.wire import WireError
from otcfix.model.dialect import mirrored
from tests.support.dialects import Pairs, dialect, heard, pairs, said
from tests.support.house_desk import shipped_dialect

RENAME = """
    [[tag]]
    messages = "D 8"
    client = 7001
    desk = 1
"""
TO_HEADER = """
    [[tag]]
    way = "in"
    client = 50
    desk = 115
    [[tag]]
    way = "out"
    client = 57
    desk = 128
"""
INTO_GROUP = """
    [[tag]]
    messages = "R AG"
    client = 15
    desk = 15
    client_in = 0
    desk_in = 146
"""
VALUES = """
    [[value]]
    tag = 54
    map = { "BUY" = "1", "B" = "1", "SELL" = "2" }
"""
RENAMED_VALUES = """
    [[tag]]
    client = 7054
    desk = 54
    [[value]]
    tag = 54
    map = { "BUY" = "1", "SELL" = "2" }
"""
DEFAULTS = """
    [[default]]
    way = "in"
    messages = "D"
    tag = 59
    value = "3"
    [[default]]
    way = "out"
    messages = "8"
    tag = 207
    value = "XOFF"
"""
ADDED = """
    [[add]]
    way = "in"
    messages = "D"
    tag = 40
    value = "2"
    [[add]]
    way = "out"
    messages = "8"
    tag = 50
    value = "DESK1"
"""
DROPPED = """
    [[drop]]
    way = "in"
    messages = "D"
    tags = [18, 7002]
    [[drop]]
    way = "out"
    messages = "8"
    tags = [381]
"""
GROUPED_PARTIES = """
    [[party]]
    messages = "D 8"
    tag = 1
    role = 24
"""
FLAT_PARTY = """
    [[party]]
    messages = "D 8"
    tag = 76
    role = 14
    has = "desk"
"""
FLAT = """
    [[group]]
    messages = "R AG"
    count = 146
    members = [55, 38, 15]
    client = "flat"
"""
GROUPED = """
    [[group]]
    messages = "D 8"
    count = 78
    members = [79, 80]
    client = "grouped"
"""
CONTRACTS = """
    [symbols]
    "XBTC" = "BTC/USD"
    [[quantity]]
    symbols = ["BTC/USD"]
    contract = 0.01
    currency = "BTC"
"""
IN_TERMS = """
    [[tag]]
    client = 7015
    desk = 15
    [[quantity]]
    contract = 100
    currency = "USD"
"""
PAIRS = (
    ("rename", RENAME, "35=D|11=A|7001=ACC", "35=D|11=A|1=ACC",
     "35=8|37=O|1=ACC", "37=O|7001=ACC"),
    ("rename: other messages", RENAME, "35=G|7001=X", "35=G|7001=X", "35=9|1=X", "1=X"),
    ("to the header", TO_HEADER, "35=D|50=END1|11=A", "35=D|115=END1|11=A",
     "35=8|37=O|128=END1", "57=END1|37=O"),
    ("body to group", INTO_GROUP, "35=R|131=R|15=USD|146=2|55=A|38=1|55=B|38=2|15=EUR",
     "35=R|131=R|146=2|55=A|15=USD|38=1|55=B|38=2|15=EUR",
     "35=AG|131=R|146=1|55=A|38=1|15=USD", "15=USD|131=R|146=1|55=A|38=1"),
    ("values", VALUES, "35=D|54=SELL|38=1", "35=D|54=2|38=1", "35=8|54=2|38=1", "54=SELL|38=1"),
    ("values: the first word comes back", VALUES, "35=D|54=B", "35=D|54=1", "35=8|54=1", "54=BUY"),
    ("values: others are kept", VALUES, "35=D|54=5", "35=D|54=5", "35=8|54=5", "54=5"),
    ("values of a renamed tag", RENAMED_VALUES, "35=D|7054=SELL", "35=D|54=2", "35=8|54=1",
     "7054=BUY"),
    ("defaults", DEFAULTS, "35=D|11=A", "35=D|11=A|59=3", "35=8|37=O", "37=O|207=XOFF"),
    ("defaults: what is there stays", DEFAULTS, "35=D|59=1", "35=D|59=1",
     "35=8|207=X", "207=X"),
    ("added", ADDED, "35=D|40=1|11=A", "35=D|11=A|40=2", "35=8|37=O", "50=DESK1|37=O"),
    ("dropped", DROPPED, "35=D|11=A|18=o|7002=9", "35=D|11=A", "35=8|37=O|381=5", "37=O"),
    ("his party is our account", GROUPED_PARTIES,
     "35=D|11=A|453=2|448=ACC|447=D|452=24|448=X|447=D|452=3",
     "35=D|11=A|1=ACC|453=1|448=X|447=D|452=3",
     "35=8|37=O|1=ACC", "37=O|453=1|448=ACC|447=D|452=24"),
    ("his field is our giveup party", FLAT_PARTY, "35=D|76=PB|11=A",
     "35=D|11=A|453=1|448=PB|447=D|452=14",
     "35=8|37=O|453=1|448=PB|447=D|452=14", "37=O|76=PB"),
    ("flat", FLAT, "35=R|131=R|38=1|55=A|60=T", "35=R|131=R|60=T|146=1|55=A|38=1",
     "35=AG|131=R|658=1|146=1|55=A|38=1|58=x", "131=R|658=1|55=A|38=1|58=x"),
    ("grouped", GROUPED, "35=D|11=A|78=1|79=ACC|80=5", "35=D|11=A|79=ACC|80=5",
     "35=8|80=5|37=O|79=ACC", "37=O|78=1|79=ACC|80=5"),
    ("contracts", CONTRACTS, "35=D|38=250|55=XBTC|110=10", "35=D|38=2.5|15=BTC|55=XBTC|110=0.1",
     "35=8|55=XBTC|38=2.5|15=BTC|14=0.10|151=2.4|32=0.10|31=9|6=9",
     "55=XBTC|38=250|14=10|151=240|32=10|31=9|6=9"),
    ("contracts: another symbol", CONTRACTS, "35=D|38=250|55=ETH/USD", "35=D|38=250|55=ETH/USD",
     "35=8|55=ETH/USD|38=2.5|15=BTC", "55=ETH/USD|38=2.5|15=BTC"),
    ("contracts: each entry by its symbol", CONTRACTS, "35=R|146=2|55=XBTC|38=5|55=ETH/USD|38=5",
     "35=R|146=2|55=XBTC|38=0.05|15=BTC|55=ETH/USD|38=5",
     "35=X|268=2|269=0|55=XBTC|270=9|271=1|269=0|55=ETH/USD|270=9|271=1",
     "268=2|269=0|55=XBTC|270=9|271=100|269=0|55=ETH/USD|270=9|271=1"),
    ("contracts: what is counted in the other currency is left", CONTRACTS,
     "35=D|38=250|55=XBTC", "35=D|38=2.5|15=BTC|55=XBTC",
     "35=8|55=XBTC|38=25000|15=USD|14=100|151=24900", "55=XBTC|38=25000|15=USD|14=100|151=24900"),
    ("contracts of the terms", IN_TERMS, "35=D|38=250|55=BTC/USD",
     "35=D|38=25000|15=USD|55=BTC/USD",
     "35=8|55=BTC/USD|38=25000|15=USD|14=100|151=24900", "55=BTC/USD|38=250|14=1|151=249"),
    ("contracts of the terms: what is counted in the base says so", IN_TERMS,
     "35=F|41=A", "35=F|41=A",
     "35=8|55=BTC/USD|38=2.5|14=1|151=1.5", "55=BTC/USD|7015=BTC|38=2.5|14=1|151=1.5"),
    ("contracts of the terms: so do the sizes of a book", IN_TERMS, "35=F|41=A", "35=F|41=A",
     "35=W|55=BTC/USD|268=2|269=0|270=9|271=2|269=1|270=10|271=3",
     "55=BTC/USD|268=2|269=0|270=9|7015=BTC|271=2|269=1|270=10|7015=BTC|271=3"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sent", "read", "ours", "his"), [row[1:] for row in PAIRS], ids=[p[0] for p in PAIRS]
)
def test_pairs(text: str, sent: str, read: str, ours: str, his: str) -> None:
    """What he says and we read, what we say and he hears."""
    made = dialect(text)

    assert heard(made, sent) == read
    assert said(made, ours) == his


REFUSED = (
    ("a tag and its other name", RENAME, "35=D|1=A|7001=B", 13, 0),
    ("a value that is not agreed", VALUES + 'other = "refuse"', "35=D|54=5", 5, 54),
    ("two entries of a group that is flat here", GROUPED, "35=D|78=2|79=A|80=1|79=B|80=2", 5, 78),
    ("contracts of nothing", CONTRACTS, "35=D|38=5", 1, 55),
    ("contracts in another currency", CONTRACTS, "35=D|38=5|15=USD|55=XBTC", 5, 15),
    ("contracts that are no number", CONTRACTS, "35=D|38=1e3|55=XBTC", 6, 38),
)


@pytest.mark.parametrize(("text", "line", "reason", "tag"), [r[1:] for r in REFUSED],
                         ids=[r[0] for r in REFUSED])  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str, line: str, reason: int, tag: int) -> None:
    """Never passed on as something else."""
    with pytest.raises(WireError) as found:
        heard(dialect(text), line)

    assert (found.value.reason, found.value.tag) == (reason, tag)


def test_refusals_are_in_his_words() -> None:
    """RefTagID(371), and the tag that Text(58) names, are called as he calls them."""
    made = dialect(RENAME + VALUES)

    assert (
        said(made, "35=8|37=O|58=UNKNOWN_ACCOUNT tag=1: x") == "37=O|58=UNKNOWN_ACCOUNT tag=7001: x"
    )
    assert said(made, "35=3|371=1|372=D|58=1 is not plain") == "371=7001|372=D|58=7001 is not plain"
    assert said(made, "35=3|371=1|372=F|58=1 is not plain") == "371=1|372=F|58=1 is not plain"
    assert (
        said(made, "35=j|372=D|58=MISSING_FIELD tag=1: x") == "372=D|58=MISSING_FIELD tag=7001: x"
    )


def test_of_two_rules_on_a_tag_the_later_one_holds() -> None:
    """What is inherited gives way, and an identity takes it back."""
    again = RENAME.replace("desk = 1", "desk = 109")
    back = RENAME.replace("desk = 1", "desk = 7001")

    assert heard(dialect(RENAME + again), "35=D|7001=X") == "35=D|109=X"
    assert heard(dialect(RENAME + back), "35=D|7001=X") == "35=D|7001=X"


def test_a_second_entry_outbound_is_not_said() -> None:
    """Flat words have room for one: `dialect check` tells."""
    line = "35=AG|131=R|146=2|55=A|38=1|55=B|38=2"

    assert said(dialect(FLAT), line) == "131=R|55=A|38=1"


def test_a_flat_request_without_its_symbol_misses_it() -> None:
    """As from the group: 55 is what is missing, not 146."""
    assert heard(shipped_dialect("flat42"), "35=R|131=R|38=1") == "35=R|131=R|146=1|38=1"


def test_contracts_lose_no_digit() -> None:
    """There and back, whatever the size."""
    made = dialect(CONTRACTS.replace("0.01", "0.00000125"))
    for lots in ("1", "7", "123456789012345678", "0.5"):
        ours = heard(made, f"35=D|55=XBTC|38={lots}").split("|")[2].removeprefix("38=")
        assert Decimal(ours) == Decimal(lots) * Decimal("0.00000125")
        assert said(made, f"35=8|55=XBTC|38={ours}|15=BTC") == f"55=XBTC|38={lots}"


# -- there and back ------------------------------------------------------------------------------

EVERYTHING = (
    RENAME
    + VALUES
    + DEFAULTS
    + GROUPED_PARTIES.replace("tag = 1", "tag = 109")
    + """
    [[tag]]
    client = 7011
    desk = 110
    [[group]]
    messages = "D"
    count = 78
    members = [79, 80]
    client = "flat"
    [[drop]]
    way = "in"
    tags = [7002]
"""
)
LOST = {7002}
words = st.text("ABC0129", min_size=1, max_size=4)
plain_tags = st.sampled_from([11, 7001, 7002, 7011, 38, 44, 55, 79, 80, 18, 21])


@st.composite
def orders(draw: st.DrawFn) -> Pairs:
    """An order in the client's words."""
    tags = draw(st.lists(plain_tags, unique=True, max_size=9))
    fields = [(35, "D"), *((tag, draw(words)) for tag in tags)]
    fields.append((54, draw(st.sampled_from(["BUY", "SELL", "5"]))))
    fields.append((59, draw(st.sampled_from("0134"))))
    roles = draw(st.lists(st.sampled_from(["3", "24", "14"]), unique=True, max_size=3))
    if roles:
        fields.append((453, str(len(roles))))
        for role in roles:
            fields += [(448, draw(words)), (447, "D"), (452, role)]
    return fields


@given(orders())
def test_there_and_back_nothing_is_lost_that_is_not_declared(order: Pairs) -> None:
    """The client's end undone gives what he said, tag by tag, but for what is dropped."""
    made = dialect(EVERYTHING)
    ours = Translation(made).inbound("D", list(order))
    back = Translation(mirrored(made)).outbound("D", ours)

    assert sorted(back) == sorted(field for field in order if field[0] not in LOST)
    assert not {7001, 7002, 7011} & {tag for tag, _ in ours}


@given(st.lists(st.sampled_from([55, 38, 54, 15, 131, 44, 59, 64, 40]), unique=True, min_size=1))
def test_flat42_there_and_back(tags: list[int]) -> None:
    """Whatever a flat request holds."""
    made = shipped_dialect("flat42")
    order = [(35, "R"), *((tag, f"v{tag}") for tag in tags)]
    ours = Translation(made).inbound("R", list(order))

    assert sorted(Translation(mirrored(made)).outbound("R", ours)) == sorted(order)


def test_plain_dialects_touch_nothing() -> None:
    """What is there to inherit from costs nothing."""
    for name in ("plain44", "plain50sp2"):
        assert not shipped_dialect(name).speaks
    assert pairs("35=D|1=A") == [(35, "D"), (1, "A")]
