"""Sessions added, changed and removed while others deal, over real sockets and processes."""

import threading
import time

import pytest

from otcfix.config import hash_secret
from otcfix.fix.dictionaries import stock_path
from tests.e2e.test_sessions import beta_of, client_of, deal
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now

DELTA = f"""
[[session]]
key = "DELTA44"
version = "FIX.4.4"
sender_comp_id = "OTCFIX"
target_comp_id = "DELTA"
client = "ALPHA"
username = "delta"
password_hash = "{hash_secret("delta's secret", "00" * 16)}"
"""
ALPHA_HASH = (
    "73ab66a033c267e00b7429bb256f6deb"
    "$096142d76b54ee70f58c01d5bfc48659c88171e8e31762d0ca50f90983c9613e"
)


def edit(desk: DeskProcess, *changes: tuple[str, str], more: str = "") -> None:
    """Change sessions.toml."""
    path = desk.config / "sessions.toml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text + more)


def reload(desk: DeskProcess, *, expected: int = 0) -> str:
    """`otcfix sessions reload`; what it said."""
    done = desk.run(
        *("sessions", "reload", "--why", "test", "--by", "carol"),
        *("--config", str(desk.config), "--database", desk.database),
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def delta_of(desk: DeskProcess) -> FixClient:
    """The client that the shipped configuration does not know."""
    return FixClient(desk.port, me="DELTA", username="delta", secret="delta's secret")


def logged_on(client: FixClient, within: float = 8.0) -> None:
    """Log on, as often as a client would."""
    until = time.monotonic() + within
    while not client.logon(wait=1):
        client.drop()
        assert time.monotonic() < until, "cannot log on"
        time.sleep(0.1)


def hear_logout(client: FixClient, within: float = 8.0) -> str:
    """Text(58) of the desk's Logout, answered as FIX asks."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        client.poll(0.05)
        for message in client.admin:
            if message.kind == "5":
                client.admin.remove(message)
                client.drop()
                return message[58]
    raise AssertionError("no Logout came")


class Dealing(threading.Thread):
    """A client that deals on and on; what it was answered is counted."""

    def __init__(self, client: FixClient) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.stopped = threading.Event()
        self.asked = 0
        self.quoted = 0
        self.filled = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """One request and one order after the other."""
        try:
            while not self.stopped.is_set():
                self.asked += 1
                name = f"L{self.asked}"
                self.client.say(f"35=R|131={name}|146=1|55=BTC-USD|54=1|38=0.001")
                quote = self.client.hear("S", t131=name)
                self.quoted += 1
                self.client.say(
                    f"35=D|11={name}|21=1|117={quote[117]}|55=BTC-USD|54=1|38=0.001|40=D"
                    f"|60={utc_now()}"
                )
                self.client.hear("8", t11=name, t150="2")
                self.filled += 1
        except BaseException as error:  # noqa: BLE001 - shown by `finish`
            self.failure = error

    def finish(self) -> None:
        """Stop, and see that nothing was lost, sent twice or asked for again."""
        self.stopped.set()
        self.join(15)
        if self.failure is not None:
            raise self.failure
        assert self.asked == self.quoted == self.filled
        assert self.asked > 20
        # Its own number of each message came, in order, over one connection.
        assert self.client.asked_to_resend == 0
        assert self.client.online
        assert [m for m in self.client.admin if m.kind in ("2", "4", "5")] == []
        left = [m for m in self.client.received if m.kind != "8"]
        assert left == []


@pytest.fixture
def dealing(desk: DeskProcess) -> Dealing:
    """BETA, who deals while others change."""
    client = beta_of(desk)
    assert client.logon()
    thread = Dealing(client)
    thread.start()
    return thread


def test_a_session_is_added_while_another_deals(desk: DeskProcess, dealing: Dealing) -> None:
    """Nobody else is disturbed: no number missed, nothing sent again, no logout."""
    edit(desk, more=DELTA)
    assert "added DELTA44" in reload(desk)
    delta = delta_of(desk)
    logged_on(delta)
    deal(delta, "A1")
    dealing.finish()


def test_a_changed_secret_logs_out_its_session_alone(desk: DeskProcess, dealing: Dealing) -> None:
    """The old secret is no good any more, nor is one that was set by a client, or by whoever had
    got hold of his; the numbers go on."""
    alpha = client_of(desk)
    assert alpha.logon()
    deal(alpha, "A1")
    stolen = "pA8-kW2_zQ5.rT9 uY3!nB6+mC1=vX4/"
    alpha.say(f"35=BE|923=U1|924=3|553={alpha.username}|554={alpha.secret}|925={stolen}")
    assert alpha.hear("BF", t923="U1")[926] == "5"
    alpha.secret = stolen
    edit(desk, (ALPHA_HASH, hash_secret("another", "11" * 16)))
    reload(desk)
    assert "has changed; log on again" in hear_logout(alpha)
    assert not alpha.logon(wait=1)
    alpha.drop()
    alpha.secret = "another"
    numbers = alpha.next_in
    time.sleep(1.2)
    logged_on(alpha)
    assert numbers > 3
    deal(alpha, "A2")
    dealing.finish()


def test_a_session_that_must_use_tls_from_now_on_is_logged_out(desk: DeskProcess) -> None:
    """A certificate that is not to be believed any more ends the connection that it made."""
    alpha = client_of(desk)
    assert alpha.logon()
    edit(
        desk, ('tls = "optional"', 'tls = "required"'), ("# proxy_from =", "proxy_from =")
    )  # of ALPHA44
    reload(desk)
    assert "has changed; log on again" in hear_logout(alpha)
    assert not alpha.logon(wait=1)


def test_a_session_that_is_built_anew_goes_on_with_its_numbers(
    desk: DeskProcess, dealing: Dealing
) -> None:
    """Its engine is another, its store the same; its resting order stands."""
    alpha = client_of(desk)
    assert alpha.logon()
    alpha.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    alpha.hear("8", t11="A1")
    edit(desk, ('unknown_tags = "reject"', 'unknown_tags = "ignore"'))
    assert "changed ALPHA44" in reload(desk)
    hear_logout(alpha)
    logged_on(alpha)
    alpha.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1|1234=x")  # 4.4 has no such tag
    alpha.hear("S", t131="R1")
    alpha.say(f"35=F|11=A2|41=A1|55=BTC/USD|54=1|60={utc_now()}")
    assert alpha.hear("8", t11="A2")[39] == "4"
    dealing.finish()


def test_a_session_that_was_refused_before_is_built_anew_too(desk: DeskProcess) -> None:
    """A refused Logon must not keep its old engine's session alive under the same name."""
    assert not FixClient(desk.port, secret="wrong").logon(wait=1)
    edit(desk, ('unknown_tags = "reject"', 'unknown_tags = "ignore"'))
    assert "changed ALPHA44" in reload(desk)
    alpha = client_of(desk)
    logged_on(alpha)
    alpha.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1|1234=x")
    alpha.hear("S", t131="R1")


def test_a_removed_session_takes_its_orders_along(desk: DeskProcess, dealing: Dealing) -> None:
    """They are cancelled and told, there and on the drop copy; then it is unknown (R14)."""
    alpha = client_of(desk)
    copies = FixClient(desk.port, me="ALPHADC", username="alpha-dc", secret="trial-secret-alphadc")
    assert alpha.logon()
    assert copies.logon()
    alpha.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    alpha.hear("8", t11="A1", t150="0")
    path = desk.config / "sessions.toml"
    text = path.read_text()
    start = text.index('[[session]]\nkey = "ALPHA44"')
    path.write_text(text[:start] + text[text.index('[[session]]\nkey = "ALPHADC"') :])
    assert "removed ALPHA44" in reload(desk)
    assert alpha.hear("8", t11="A1", t150="4")[58].startswith("CANCELLED_BY_DESK")
    assert "removed" in hear_logout(alpha)
    copies.hear("8", t11="A1", t150="4")
    stranger = client_of(desk)
    assert not stranger.logon(wait=1)
    assert stranger.admin == []
    dealing.finish()


def test_a_broken_file_changes_nothing(desk: DeskProcess, dealing: Dealing) -> None:
    """The error names file and key; whoever is on stays on."""
    alpha = client_of(desk)
    assert alpha.logon()
    edit(desk, ('target_comp_id = "ALPHA"', 'target_comp_id = ""'), more=DELTA)
    said = reload(desk, expected=3)
    assert "sessions.toml" in said
    assert "target_comp_id" in said
    deal(alpha, "A1")
    assert not delta_of(desk).logon(wait=1)
    dealing.finish()


def test_a_kill_right_behind_a_reload_forgets_nothing(desk: DeskProcess) -> None:
    """What is journaled and what the file says agree; the journal is decided again the same."""
    alpha = client_of(desk)
    assert alpha.logon()
    deal(alpha, "A1")
    edit(desk, more=DELTA)
    reload(desk)
    desk.kill()
    alpha.drop()
    desk.start()
    delta = delta_of(desk)
    logged_on(delta)
    logged_on(alpha)
    deal(delta, "B1")
    deal(alpha, "A2")
    assert desk.stop() == 0
    verified = desk.run(
        *("replay", "--config", str(desk.config), "--database", desk.database), timeout=60
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_an_added_session_that_is_disabled_stays_out(desk: DeskProcess) -> None:
    """Also when it comes later than the reload, behind another that takes its time to leave."""
    alpha = client_of(desk)
    assert alpha.logon()
    slow = ('unknown_tags = "reject"', 'unknown_tags = "ignore"')
    edit(desk, slow, more=f"{DELTA}enabled = false\n")
    reload(desk)
    time.sleep(3)  # ALPHA does not answer the Logout
    assert not delta_of(desk).logon(wait=1)
    enabled = desk.run(
        *("sessions", "enable", "DELTA44", "--why", "test", "--by", "carol"),
        *("--config", str(desk.config), "--database", desk.database),
        *("--state", str(desk.folder / "state")),
    )
    assert enabled.returncode == 0, enabled.stdout + enabled.stderr
    logged_on(delta_of(desk))


def test_a_dictionary_that_cannot_be_used_stops_nobody(desk: DeskProcess, dealing: Dealing) -> None:
    """The error names it; where it is spoiled later its session goes on as it was, or waits for the
    next reload, and the others notice nothing."""
    alpha = client_of(desk)
    assert alpha.logon()
    text = stock_path("FIX44").read_text("utf-8")
    wide = f"<?xml version='1.0' encoding='UTF-16'?>{text[text.index('<fix') :]}"
    own = desk.config / "own.xml"
    own.write_text(wide, "utf-16")
    edit(desk, ('key = "ALPHA44"', 'key = "ALPHA44"\ndictionary = "own.xml"'))
    said = reload(desk, expected=3)
    assert "session ALPHA44.dictionary" in said
    assert "save it as UTF-8" in said
    own.write_text(text, "utf-8")
    reload(desk)
    hear_logout(alpha)
    logged_on(alpha)
    deal(alpha, "A1")
    dealing.finish()
