"""The main job on real input: a desk priced from recorded books, and a client on a plain socket."""

import os
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.conftest import PREFUND
from tests.support.desk_process import ROOT, DeskProcess
from tests.support.fixclient import FixClient, utc_now

DATA = Path(os.environ.get("OTCFIX_MARKET_DATA", ROOT.parent / "shared" / "data" / "market"))

FEEDS = {
    "binance_spot_btcusdt_20240808.gz": ("BTC/USDT", Decimal(60_000), Decimal(63_000)),
    "binance_usdm_btcusdt_20240808.gz": ("BTC/USDT-PERP", Decimal(60_000), Decimal(63_000)),
    "hyperliquid_btcusd_20250126.gz": ("BTC/USD-PERP", Decimal(100_000), Decimal(110_000)),
}


@pytest.mark.parametrize("name", FEEDS)
def test_a_foreign_client_deals_on_a_recorded_market(tmp_path: Path, name: str) -> None:
    """Log on, ask, deal, cancel, lose the line, come back and get what was missed."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no recorded market data at {path}")
    symbol, low, high = FEEDS[name]
    desk = DeskProcess(tmp_path, arguments=("--feed", str(path)))
    desk.fund(*PREFUND, ("ALPHA", "USDT", "500000"))
    desk.start()
    try:
        client = FixClient(desk.port)
        assert client.logon()
        quote = None
        for attempt in range(40):
            client.say(f"35=R|131=R{attempt}|146=1|55={symbol}|38=0.01")
            answer = client.hear(t131=f"R{attempt}")
            if answer.kind == "S":
                quote = answer
                break
            time.sleep(0.25)
        assert quote is not None, "no quote from the recorded market"
        bid, offer = Decimal(quote[132]), Decimal(quote[133])
        assert low < bid < offer < high
        client.say(
            f"35=D|11=A1|117={quote[117]}|55={symbol}|54=1|38=0.01|40=D|44={quote[133]}"
            f"|60={utc_now()}"
        )
        client.hear("8", t11="A1", t150="0")
        assert Decimal(client.hear("8", t11="A1", t150="F")[31]) == offer
        client.say(f"35=D|11=A2|55={symbol}|54=1|38=0.01|40=2|44={low}|59=1|60={utc_now()}")
        client.hear("8", t11="A2", t150="0")
        client.say(f"35=F|11=A3|41=A2|55={symbol}|54=1|60={utc_now()}")
        time.sleep(0.3)
        client.drop()
        time.sleep(0.2)
        assert client.logon()
        assert client.hear("8", t11="A3")[150] == "4"
        assert client.asked_to_resend == 1
        client.logout()
        assert desk.stop() == 0
    finally:
        desk.kill()
