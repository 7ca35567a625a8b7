"""Streams in the words that `otcfix demo` and `otcfix client` show."""

import pytest

from otcfix.cli.requests import market_data
from otcfix.cli.words import is_refusal, rungs_of, words_of
from otcfix.fix.client import Heard


def heard(text: str, *, sent: bool = False) -> Heard:
    """A message written with | for SOH."""
    return Heard(sent, text[3], "\x01" + text.replace("|", "\x01") + "\x01")


BOOK = "35=W|55=BTC/USD|262=M|268=6"
BIDS = "|269=0|270=99|271=1|299=a|269=0|270=98|271=5|299=b|269=0|270=97|271=9|299=c"
OFFERS = "|269=1|270=101|271=1|299=d|269=1|270=102|271=5|299=e|269=1|270=103|271=9|299=f"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOOK + BIDS + OFFERS, "streams BTC/USD: 1: 99 / 101 … 9: 97 / 103 (3 sizes)"),
        (
            "35=W|55=BTC/USD|268=2|269=0|270=99|271=1|269=1|270=101|271=1",
            "streams BTC/USD: 1: 99 / 101",
        ),
        ("35=W|55=BTC/USD|268=0", "streams BTC/USD: NO PRICE"),
        (BOOK + BIDS, "streams BTC/USD: 3 prices of one side"),
        (
            "35=X|262=M|268=2|279=2|269=0|55=BTC/USD|279=0|269=1|55=BTC/USD|270=1|271=1",
            "streams BTC/USD: 2 changes",
        ),
        ("35=V|262=M|263=1|265=0|55=BTC/USD", "asks for the prices of BTC/USD, then each new book"),
        ("35=V|262=M|263=1|265=1|55=BTC/USD", "asks for the prices of BTC/USD, then every change"),
        ("35=V|262=M|263=0|55=BTC/USD", "asks for the prices of BTC/USD"),
        ("35=V|262=M|263=2|55=BTC/USD", "ends the stream M"),
        ("35=Y|262=M|281=0|58=no", "REFUSES the stream: no"),
    ],
)
def test_streams_in_words(text: str, words: str) -> None:
    assert words_of(heard(text)) == words


def test_a_rejected_stream_is_a_refusal() -> None:
    assert is_refusal(heard("35=Y|262=M|281=0"))
    assert not is_refusal(heard("35=W|55=BTC/USD|268=0"))


def test_rungs_keep_their_ids() -> None:
    """Side, price, size and id of each, in their order; nothing of what stands around them."""
    rungs = rungs_of(heard(BOOK + BIDS + OFFERS))
    assert [rung[299] for rung in rungs] == list("abcdef")
    assert rungs[3] == {269: "1", 270: "101", 271: "1", 299: "d"}
    assert rungs_of(heard("35=W|55=BTC/USD|268=0")) == []


def test_a_subscription_and_its_end() -> None:
    """Both sides of whole books; the end names the request alone."""
    begins, ends = market_data("M", "BTC/USD"), market_data("M", "BTC/USD", ends=True)
    assert begins.fields == [(262, "M"), (263, "1"), (264, "0"), (265, "0")]
    assert ends.fields == [(262, "M"), (263, "2"), (264, "0")]
    for request in (begins, ends):
        assert request.group == (267, [[(269, "0")], [(269, "1")]])
        assert request.second == (146, [[(55, "BTC/USD")]])
