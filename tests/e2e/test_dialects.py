"""A flat 4.2 order system over a real socket: the shipped dialect, and one that inherits it."""

from pathlib import Path

from tests.e2e.conftest import PREFUND
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now

ACME = """
base = "flat42"
[[tag]]
client = 7011
desk = 11
[[value]]
tag = 54
map = { "B" = "1", "S" = "2" }
[[party]]
way = "out"
messages = "8"
tag = 1
role = 24
"""


def speaking(folder: Path, name: str) -> DeskProcess:
    """The shipped desk, BETA42 speaking a dialect."""
    edits = {
        "venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")],
        "sessions.toml": [('dialect = ""', f'dialect = "{name}"')],
    }
    desk = DeskProcess(folder, edits=edits, files={"dialects/acme.toml": ACME})
    desk.fund(*PREFUND)
    desk.start()
    return desk


def beta(desk: DeskProcess) -> FixClient:
    """The 4.2 client, logged on."""
    client = FixClient(
        desk.port, version="FIX.4.2", me="BETA", username="beta", secret="trial-secret-beta"
    )
    assert client.logon()
    return client


def test_a_flat_order_system_asks_deals_and_is_refused(tmp_path: Path) -> None:
    """R without 146, the hit by 40=H, the status, and the refusals b, 3 and 9."""
    desk = speaking(tmp_path, "flat42")
    try:
        client = beta(desk)
        client.say("35=R|131=R1|55=XBT/USD|54=1|38=0.1|40=2|44=200000|59=4")
        quote = client.hear("S", t131="R1")
        assert quote[55] == "XBT/USD"
        assert 537 not in quote
        hit = f"117={quote[117]}|55=BTC-USD|54=1|38=0.1|40=H|44={quote[133]}|59=4|60={utc_now()}"
        client.say(f"35=D|11=F1|21=1|{hit}")
        assert client.hear("8", t11="F1", t150="0")[55] == "BTC-USD"
        fill = client.hear("8", t11="F1", t150="2")
        assert (fill[39], fill[31], fill[55]) == ("2", quote[133], "BTC-USD")
        client.say("35=H|11=F1|55=BTCUSD|54=1")
        assert client.hear("8", t11="F1", t20="3")[37] == fill[37]

        client.say("35=R|131=R2|55=DOGE-XYZ|54=1|38=1")
        assert client.hear("b", t131="R2")[58].startswith("UNKNOWN_SYMBOL")
        client.say(f"35=F|11=F2|41=F1|55=BTC-USD|54=1|60={utc_now()}")
        assert client.hear("9", t11="F2")[39] == "2"
        number = client.say("35=R|131=R3|146=1|55=BTC-USD|38=1")
        assert client.hear("3", t45=str(number))[371] == "146"
    finally:
        desk.kill()


def test_what_he_hears_again_is_in_his_words_too(tmp_path: Path) -> None:
    """Resent by QuickFIX from its store: a group that the dialect makes holds together."""
    desk = speaking(tmp_path, "acme")
    try:
        client = beta(desk)
        client.say(f"35=D|7011=A1|55=XBT/USD|54=B|38=0.1|40=1|60={utc_now()}")
        taken = client.hear("8", t7011="A1", t39="0")
        fill = client.hear("8", t7011="A1", t39="2")
        assert (fill[54], fill[453], fill[448], fill[452]) == ("B", "1", "BETA-1", "24")
        client.next_in = 1
        client.say("35=2|7=1|16=0")
        for before in (taken, fill):
            again = client.hear("8", t7011="A1", t39=before[39])
            assert again[43] == "Y"
            assert said(again.pairs) == said(before.pairs)
    finally:
        desk.kill()


def said(pairs: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """A message without what its session gives it."""
    return [pair for pair in pairs if pair[0] not in (8, 9, 10, 34, 43, 52, 97, 122)]
