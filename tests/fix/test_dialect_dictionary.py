"""The dictionary of a dialect's sessions: what the client says is legal there, and only that."""

from pathlib import Path

import pytest
import quickfix as fix

from otcfix.config import load
from otcfix.fix.dialect_dictionary import derived
from otcfix.fix.dictionaries import Dictionaries, build
from otcfix.fix.settings import ruler_of
from otcfix.fix.stock_client import validator
from tests.support.desk_process import ROOT
from tests.support.dialects import dialect

T = "20270113-12:00:00"
ORDER = f"11=A|55=BTC/USD|54=1|38=1|40=1|60={T}"
RENAMES = """
    [[tag]]
    messages = "D"
    client = 7011
    desk = 11
    [[value]]
    tag = 54
    map = { "BUY" = "1" }
    [[default]]
    way = "in"
    messages = "D"
    tag = 40
    value = "1"
    [[drop]]
    way = "in"
    messages = "D"
    tags = [2677]
    [[tag]]
    messages = "R"
    client = 48
    desk = 55
    [[party]]
    messages = "D"
    tag = 1
    role = 24
"""
CASES = (
    ("his name for 11", "35=D|7011=A|" + ORDER.replace("11=A|", ""), ""),
    ("ours besides it", "35=D|7011=A|" + ORDER, "373=2 371=11"),
    ("neither", "35=D|" + ORDER.replace("11=A|", ""), "373=1 371=7011"),
    ("his value", "35=D|7011=A|" + ORDER.replace("11=A|", "").replace("54=1", "54=BUY"), ""),
    ("a default", "35=D|7011=A|" + ORDER.replace("11=A|", "").replace("40=1|", ""), ""),
    ("dropped", "35=D|7011=A|2677=x|" + ORDER.replace("11=A|", ""), ""),
    ("a group begins with his tag", "35=R|131=R|146=2|48=A|38=1|48=B|38=1", ""),
    ("his party", "35=D|7011=A|453=1|448=X|447=D|452=24|" + ORDER.replace("11=A|", ""), ""),
    ("other messages", f"35=F|11=A|41=B|55=A|54=1|60={T}", ""),
)


def framed(version: str, body: str) -> str:
    """A whole message."""
    fields = f"{body}|34=2|49=A|56=B|52={T}|".replace("|", "\x01")
    kind, _, rest = fields.partition("\x01")
    head, tail = rest.rsplit("34=2", 1)
    text = f"{kind}\x0134=2{tail}{head}"
    whole = f"8={version}\x019={len(text)}\x01{text}"
    return f"{whole}10={sum(whole.encode()) % 256:03d}\x01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dictionaries:
    """Ours, in a folder of their own."""
    return build(tmp_path_factory.mktemp("dictionaries"))


@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4"])
@pytest.mark.parametrize(("body", "refused"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_is_legal(made: Dictionaries, version: str, body: str, refused: str) -> None:
    """As QuickFIX checks it before we see it."""
    base = {"FIX.4.2": made.fix42, "FIX.4.4": made.fix44}[version]
    validate = validator(derived(base, dialect(RENAMES)))
    if version == "FIX.4.2":
        body = body.replace("35=D|", "35=D|21=1|")
    if refused:
        with pytest.raises(ValueError, match=refused):
            validate(framed(version, body))
    else:
        validate(framed(version, body))


def test_it_is_made_once_and_named_by_what_it_holds(made: Dictionaries) -> None:
    """The same dialect finds its file again; another one has another; nothing to say, none."""
    first = derived(made.fix44, dialect(RENAMES))
    before = first.stat().st_mtime_ns

    assert derived(made.fix44, dialect(RENAMES)) == first
    assert first.stat().st_mtime_ns == before
    assert derived(made.fix44, dialect(RENAMES.replace("7011", "7012"))) != first
    assert derived(made.fix44, dialect('about = "plain"')) == made.fix44


def test_groups_that_we_make_are_known_when_they_are_sent_again(made: Dictionaries) -> None:
    """QuickFIX reads what it resends by the session's dictionary."""
    text = '[[party]]\nway = "out"\nmessages = "8"\ntag = 1\nrole = 24\n'
    known = fix.DataDictionary(str(derived(made.fix42, dialect(text))))
    body = "35=8|17=E|37=O|453=2|448=X|447=D|452=24|448=Y|447=D|452=3|"
    raw = f"8=FIX.4.2|9=1|{body}10=0|".replace("|", "\x01")
    message = fix.Message()
    message.setString(raw, False, known, known)

    assert message.groupCount(453) == 2


def test_his_own_dictionary_is_the_session_s(made: Dictionaries, tmp_path: Path) -> None:
    """Named by the dialect; the session's own key wins over it."""
    config = load(ROOT / "config")
    plain = config.dialects["plain44"].model_copy(update={"dictionary": "sessions.toml"})
    config = config.model_copy(update={"dialects": config.dialects | {"plain44": plain}})
    sessions = tuple(
        s.model_copy(update={"dialect": "plain44"}) if s.key == "ALPHA44" else s
        for s in config.sessions.session
    )
    held = config.sessions.model_copy(update={"session": sessions})
    held_config = config.model_copy(update={"sessions": held})
    named = {
        one.key: ruler_of(held_config, one, made, tmp_path)["DataDictionary"]
        for one in sessions
        if one.version != "FIX.5.0SP2"
    }
    own = str(tmp_path / "dictionaries" / "own-")

    assert [key for key, path in named.items() if path.startswith(own)] == ["ALPHA44"]
