"""UserRequest, spoken: how a session's user stands, and how its secret is changed (R13)."""

from decimal import Decimal

import pytest

from otcfix.config import hash_secret
from otcfix.fix.users import User, is_secret, rotation_of
from otcfix.model.session_commands import ResetSecret
from otcfix.model.throttle import Throttle
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

NEW_SECRET = "pA8-kW2_zQ5.rT9 uY3!nB6+mC1=vX4/"


@pytest.fixture(params=("44", "50"))
def user(desk: Conversation, request: pytest.FixtureRequest) -> Client:
    """ALPHA's session in the versions that have BE."""
    return desk.client(f"A{request.param}")


def changed(client: Client, new: str, old: str = "", name: str = "U1") -> None:
    """The client asks for another secret."""
    old = old or client.secret
    client.C(f"35=BE|923={name}|924=3|553={client.key}|554={old}|925={new}")


def test_how_he_stands(user: Client) -> None:
    """924=4 asks; 924=1 and 2 are the session's own Logon and Logout."""
    user.talk(f"""
        C 35=BE|923=U1|924=4|553={user.key}
        D 35=BF|923=U1|553={user.key}|926=1|927=-
        C 35=BE|923=U2|924=1|553={user.key}|554={user.secret}
        D 35=BF|923=U2|926=1|927=the session's Logon is the user's
        C 35=BE|923=U3|924=2|553={user.key}
        D 35=BF|923=U3|926=1|927=the session's Logout ends it
        C 35=BE|923=U4|924=9|553={user.key}
        D 35=BF|923=U4|926=6|927=UNSUPPORTED tag=924: ...
        C 35=BE|923=U5|924=4|553=mallory
        D 35=BF|923=U5|553=mallory|926=3|927=UNKNOWN_USER: ...
        C 35=BE|923=U6|924=1|553={user.key}|554=guess
        D 35=BF|923=U6|926=4|927=WRONG_SECRET: ...
    """)


def test_a_new_secret(user: Client, desk: Conversation) -> None:
    """It counts from then on, also behind a restart, and the old one no more."""
    changed(user, NEW_SECRET)
    user.talk("D 35=BF|923=U1|926=5|927=-")
    changed(user, NEW_SECRET + "x", name="U2")
    user.talk("D 35=BF|923=U2|926=4|927=WRONG_SECRET: ...")
    desk.restarts()
    user.logs_on()
    rotation = rotation_of(desk.state, user.key)
    assert is_secret(NEW_SECRET, rotation.hash)
    assert not is_secret(user.secret, rotation.hash)
    changed(user, NEW_SECRET + "x", old=NEW_SECRET, name="U3")
    user.talk("D 35=BF|923=U3|926=5")


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("short", "SECRET_TOO_SHORT"),
        ("x" * 129, "SECRET_TOO_LONG"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "SECRET_TOO_PLAIN"),
        ("ä" + NEW_SECRET, "SECRET_NOT_PRINTABLE"),
        ("", "SECRET_NOT_NEW"),
    ],
)
def test_a_new_secret_that_is_none(user: Client, desk: Conversation, new: str, why: str) -> None:
    """926=6 says why; nothing has changed."""
    changed(user, new or user.secret)
    user.talk(f"D 35=BF|923=U1|926=6|927={why}: ...")
    assert rotation_of(desk.state, user.key) == ("", 0, "")


@pytest.mark.parametrize("left_out", [554, 925])
def test_a_change_without_a_secret(user: Client, left_out: int) -> None:
    """What the change needs besides the dictionary."""
    fields = {554: user.secret, 925: NEW_SECRET}
    ((tag, value),) = [one for one in fields.items() if one[0] != left_out]
    user.talk(f"""
        C 35=BE|923=U1|924=3|553={user.key}|{tag}={value}
        D 35=j|372=BE|379=U1|380=5|58=MISSING_FIELD tag={left_out}: ...
    """)


def test_no_secret_is_journaled(user: Client, desk: Conversation) -> None:
    """Neither the old one nor the new one, whatever becomes of them, nor in what cannot be read."""
    changed(user, NEW_SECRET)
    changed(user, "another " + NEW_SECRET, old="a guess of " + user.secret)
    user.C(f"35=BE|923={'U' * 65}|924=3|553={user.key}|554={user.secret}|925={NEW_SECRET}")
    user.C(f"35=B|148=x|33=1|58=x|95=10|96={NEW_SECRET[:10]}")
    user.C(f"35=D|11=A1|55=BTC/USD|54=1|38=1|40=1|58=x|554={NEW_SECRET}")
    assert [one.kind for one in user.hears_all()] == ["BF", "BF", "3", "j", "3"]
    written = "".join(row.text + row.facts for row in desk.store.journal())
    said = "".join(row.text for _, _, rows in desk.told for row in rows)
    for secret in (user.secret, NEW_SECRET, NEW_SECRET[:10]):
        assert secret not in written
        assert secret not in said
        assert secret.encode() not in desk.state.dump()


def test_two_changes_with_the_same_old_secret(user: Client, desk: Conversation) -> None:
    """Both were compared before the first was decided: the second one's old secret is no more."""
    with desk.busy():
        changed(user, NEW_SECRET)
        changed(user, "second " + NEW_SECRET, name="U2")
    user.talk("D 35=BF|923=U1|926=5\nD 35=BF|923=U2|926=4|927=WRONG_SECRET: ...")
    assert is_secret(NEW_SECRET, rotation_of(desk.state, user.key).hash)


def test_staff_goes_back_to_the_configured_secret(user: Client, desk: Conversation) -> None:
    """After a reset, the secret of sessions.toml counts."""
    desk.tell(ResetSecret(user.key, "staff", "lost"))
    assert desk.alerts[-1].startswith("refused: ")
    changed(user, NEW_SECRET)
    desk.tell(ResetSecret(user.key, "staff", "lost"))
    assert rotation_of(desk.state, user.key).hash == ""
    user.hears_all()
    changed(user, NEW_SECRET, name="U2")
    user.talk("D 35=BF|923=U2|926=5")
    desk.tell(ResetSecret("NOPE", "staff", "lost"))
    assert desk.alerts[-1] == "refused: no session NOPE"


def test_a_new_line_in_sessions_toml_goes_before_the_clients_own_secret(
    user: Client, desk: Conversation
) -> None:
    """Who stole a secret and changed it does not keep the session when staff writes a new one."""
    configured = hash_secret(user.secret, "5a17")
    changed(user, NEW_SECRET)
    rotation = rotation_of(desk.state, user.key)
    assert is_secret(NEW_SECRET, rotation.counts_for(configured))
    fresh = hash_secret("what staff has made", "5a17")
    assert rotation.counts_for(fresh) == ""
    assert User(user.key, user.key, fresh, rotation).salted == fresh
    desk.restarts()
    assert rotation_of(desk.state, user.key) == rotation


def test_appl_ver_id_of_a_user_request(desk: Conversation) -> None:
    """Absent and 9 are spoken, others are not (R2.14), and no secret is journaled of them."""
    user = desk.client("A50")
    user.talk("C 35=BE|1128=9|923=U1|924=4|553=A50\nD 35=BF|923=U1|926=1")
    user.talk("""
        C 35=BE|1128=8|923=U2|924=3|553=A50|554=old|925=new
        D 35=3|372=BE|373=18|371=1128
        C 35=AD|1128=7|568=T1|569=0
        D 35=3|372=AD|373=18|371=1128
    """)


def test_it_is_throttled_like_a_question(open_desk: OpenDesk) -> None:
    """Class status: a guesser is slowed down before anything else."""
    desk = open_desk(throttles=(Throttle("A44", "status", Decimal(1), 1),))
    user = desk.client("A44")
    user.talk("C 35=BE|923=U1|924=4|553=A44\nD 35=BF|926=1")
    user.talk("C 35=BE|923=U2|924=4|553=A44\nD 35=j|372=BE|379=U2|380=0|58=THROTTLED: ...")
    user.talk("C 35=AD|568=T1|569=0\nD 35=j|372=AD|379=T1|380=0|58=THROTTLED: ...")
