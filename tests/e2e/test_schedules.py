"""Schedules over real sockets: the end of a session, what is told at the next, numbers anew."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.e2e.test_reload import edit, hear_logout, logged_on, reload
from tests.e2e.test_sessions import beta_of, client_of, deal
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import utc_now

AHEAD_S = 8
"""Longer than a reload takes on a busy machine."""

KEY = 'key = "ALPHA44"'


def local(seconds: float, zone: str) -> str:
    """HH:MM:SS of a zone's wall clocks, so many seconds from now."""
    return f"{datetime.now(ZoneInfo(zone)) + timedelta(seconds=seconds):%H:%M:%S}"


def schedule(desk: DeskProcess, keys: str) -> None:
    """Give ALPHA44 a schedule; it stays logged on."""
    edit(desk, (KEY, f"{KEY}\nschedule = {{ {keys} }}"))
    reload(desk)


def test_a_session_ends_with_its_next_start_and_owes_nothing(
    desk: DeskProcess,
) -> None:
    """2.13: the Logout names the next start; outside nobody is let in; what happened meanwhile is
    told at the next logon. Others deal on."""
    zone = "Asia/Kolkata"
    alpha, beta = client_of(desk), beta_of(desk)
    assert alpha.logon()
    assert beta.logon()
    start, end = local(-3600, zone), local(AHEAD_S, zone)
    ends = time.monotonic() + AHEAD_S
    schedule(desk, f'zone = "{zone}", start = "{start}", end = "{end}", resets = []')
    alpha.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    alpha.hear("8", t11="A1")
    text = hear_logout(alpha, within=AHEAD_S + 5)
    assert -1 < time.monotonic() - ends < 2
    next_start = datetime.now(UTC) + timedelta(days=1, seconds=-3600 - AHEAD_S)
    named = datetime.fromisoformat(text.rpartition(" ")[2])
    assert text.startswith("outside the session's schedule; it starts again at ")
    assert abs(named - next_start) < timedelta(seconds=5)
    assert not alpha.logon(wait=1)
    assert [m[58] for m in alpha.admin if m.kind == "5"] == ["Rejected Logon Attempt: not accepted"]
    alpha.drop()
    common = ("--why", "test", "--config", str(desk.config), "--database", desk.database)
    assert desk.run("kill", *common).returncode == 0
    assert desk.run("unkill", *common).returncode == 0
    edit(desk, (f'end = "{end}"', f'end = "{local(-7200, zone)}"'))
    reload(desk)
    logged_on(alpha)
    assert alpha.hear("8", t11="A1", t150="4")[39] == "4"
    beta.say("35=R|131=R1|146=1|55=BTC-USD|54=1|38=0.01")
    beta.hear("S", t131="R1")


def test_numbers_start_anew_at_the_boundary_and_orders_stand(
    desk: DeskProcess,
) -> None:
    """A session that never stops, with a reset: logged out, back with 34=1, in a new epoch; what
    was not proven read is said again (R21). Also when the desk was down at the boundary."""
    zone = "America/New_York"
    alpha = client_of(desk)
    assert alpha.logon()
    first, second = local(AHEAD_S, zone), local(AHEAD_S + 8, zone)
    second_at = time.monotonic() + AHEAD_S + 8
    schedule(desk, f'zone = "{zone}", resets = ["{first}", "{second}"]')
    filled = deal(alpha, "A1")
    alpha.say(f"35=D|11=A2|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    resting = alpha.hear("8", t11="A2")
    assert "start anew at" in hear_logout(alpha, within=AHEAD_S + 5)
    alpha.next_in = alpha.next_out = 1
    alpha.sent.clear()
    alpha.received.clear()
    logged_on(alpha)
    again = alpha.hear("8", t11="A1", t150="F")
    assert (again[17], again[97]) == (filled, "Y")
    desk.kill()
    alpha.drop()
    time.sleep(max(0.0, second_at + 1 - time.monotonic()))
    desk.start()
    alpha.next_in = alpha.next_out = 1
    alpha.sent.clear()
    logged_on(alpha)
    alpha.say(f"35=F|11=A3|41=A2|55=BTC/USD|54=1|60={utc_now()}")
    assert alpha.hear("8", t11="A3", t150="4")[37] == resting[37]
