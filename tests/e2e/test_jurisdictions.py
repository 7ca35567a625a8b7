"""Jurisdictions on a real desk: callers from other countries, and rules that change as it runs."""

from pathlib import Path

from tests.e2e.conftest import PREFUND
from tests.e2e.test_sessions import beta_of, client_of
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import utc_now

ALPHA, BETA = 'username = "alpha"', 'username = "beta"'
NO_BTC = '\n[[rule]]\nid = "no-btc-now"\neffect = "DENY"\njurisdiction = "LU"\nasset = "BTC"\n'


def test_a_fence_by_country_and_new_rules_at_run_time(tmp_path: Path) -> None:
    """ALPHA calls from where he may, BETA does not; then a new rule cancels ALPHA's order."""
    desk = DeskProcess(
        tmp_path,
        edits={
            "sessions.toml": [
                (f"{ALPHA}\n", f'{ALPHA}\ncountries = ["CH", "LI"]\n'),
                (f"{BETA}\n", f'{BETA}\ncountries = ["DE"]\n'),
            ],
            "venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")],
        },
        files={"geo.csv": "127.0.0.0/8,LI\n"},
    )
    desk.fund(*PREFUND)
    desk.start()
    try:
        stranger = beta_of(desk)
        assert not stranger.logon(wait=2)
        assert not stranger.admin
        assert "session BETA42: from LI, which is none of DE" in desk.log.read_text()
        client = client_of(desk)
        assert client.logon()
        client.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.01|40=2|44=90000|59=1|60={utc_now()}")
        client.hear("8", t11="A1", t150="0")
        path = desk.config / "jurisdictions.toml"
        path.write_text(path.read_text() + NO_BTC)
        where = ("--config", str(desk.config), "--database", desk.database)
        done = desk.run("policy", "reload", "--why", "a new law", *where)
        assert done.returncode == 0, done.stderr
        assert "holds instead of" in done.stdout
        told = client.hear("8", t11="A1", t150="4")
        assert "CANCELLED_BY_DESK" in str(told)
        client.say("35=R|131=R1|146=1|55=BTC/USD|54=1|38=0.01")
        client.hear("AG", t131="R1", t658="6")
        assert "no-btc-now" not in str(told)
    finally:
        desk.kill()
