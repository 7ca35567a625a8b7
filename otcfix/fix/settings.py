"""QuickFIX's settings file, written from our configuration."""

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

import quickfix as fix

from otcfix.config import Config, SessionConfig
from otcfix.config.dialects import session_dialect
from otcfix.fix.dialect_dictionary import dialect_settings
from otcfix.fix.dictionaries import Dictionaries, stock_settings
from otcfix.model.errors import ConfigError


def begin_string(version: str) -> str:
    """BeginString(8) of a version: 5.0 and its service packs travel over FIXT.1.1."""
    return "FIXT.1.1" if version.startswith("FIX.5") else version


def session_id_text(session: SessionConfig) -> str:
    """The session as QuickFIX names it: FIX.4.4:SENDER->TARGET."""
    begin = begin_string(session.version)
    return f"{begin}:{session.sender_comp_id}->{session.target_comp_id}"


def settings_text(sessions: Iterable[SessionConfig], store: Path, port: int) -> str:
    """The text of the settings file for these sessions; port: the engine's own.

    Without dictionaries: sessions that are checked alike share one (`Rulers`). Without times: when
    a session is open, and when its numbers start anew, is said by `hours`. Without addresses: the
    door knows who calls, and they may change while the engine runs.
    """
    lines = [
        "[DEFAULT]",
        "ConnectionType=acceptor",
        f"SocketAcceptPort={port}",
        "SocketNodelay=Y",
        "SocketReuseAddress=Y",
        f"FileStorePath={store}",
        "PersistMessages=Y",
        "TimestampPrecision=3",
        "CheckLatency=Y",
        "MaxLatency=120",
        "UseDataDictionary=N",
        "SendRedundantResendRequests=N",
        "LogoutTimeout=2",
        "NonStopSession=Y",
    ]
    for session in sessions:
        lines += _session(session)
    return "\n".join(lines) + "\n"


def dictionaries_of(
    config: Config, session: SessionConfig, dictionaries: Dictionaries, store: Path
) -> dict[str, str]:
    """The settings that name a session's dictionaries: its own, or its dialect's, or ours."""
    dialect = session_dialect(session, config.dialects)
    own = own_dictionary(config, session)
    if session.stock_dictionary:
        return stock_settings(session.version)
    named = dictionaries.settings(session.version)
    if own:
        copy = without_data(config.folder / own, store / "dictionaries")
        named[spoken_key(named)] = str(copy)
    elif dialect is not None:
        named = dialect_settings(dictionaries, session.version, dialect)
    return named


def own_dictionary(config: Config, session: SessionConfig) -> str:
    """The dictionary of a session's own, or of its dialect's; "" for ours."""
    dialect = session_dialect(session, config.dialects)
    return session.dictionary or (dialect.dictionary if dialect is not None else "")


def dictionary_problems(config: Config) -> list[str]:
    """What is wrong with dictionaries that are not ours, naming file and key."""
    problems = []
    for session in config.sessions.session:
        own = own_dictionary(config, session)
        if not own or session.stock_dictionary:
            continue
        try:
            with tempfile.TemporaryDirectory() as folder:
                fix.DataDictionary(str(without_data(config.folder / own, Path(folder))))
        except (fix.ConfigError, ConfigError, OSError) as error:
            where = f"{config.folder / 'sessions.toml'}: session {session.key}.dictionary"
            problems.append(f"{where}: {config.folder / own} is no dictionary: {error}")
    return problems


def spoken_key(named: dict[str, str]) -> str:
    """Which of these settings names the dictionary of the business messages."""
    return "AppDataDictionary" if "AppDataDictionary" in named else "DataDictionary"


def _session(session: SessionConfig) -> list[str]:
    keys: dict[str, str] = {
        "BeginString": begin_string(session.version),
        "SenderCompID": session.sender_comp_id,
        "TargetCompID": session.target_comp_id,
        "HeartBtInt": str(session.heartbeat_max),
        "ResetOnLogon": "Y" if session.reset_on_logon else "N",
        "SendNextExpectedMsgSeqNum": "Y" if session.next_expected else "N",
    }
    if keys["BeginString"] == "FIXT.1.1":
        keys["DefaultApplVerID"] = session.version
    return ["", "[SESSION]", *(f"{name}={value}" for name, value in keys.items())]


def ruler_of(
    config: Config, session: SessionConfig, dictionaries: Dictionaries, store: Path
) -> dict[str, str]:
    """The settings that say by which dictionaries a session's messages are checked, and how."""
    return {
        "BeginString": begin_string(session.version),
        "UseDataDictionary": "Y",
        "ValidateUserDefinedFields": "Y" if session.stock_dictionary else "N",
        "ValidateFieldsHaveValues": "Y" if session.check_values else "N",
        "AllowUnknownMsgFields": "Y" if session.unknown_tags == "ignore" else "N",
        **dictionaries_of(config, session, dictionaries, store),
    }


def without_data(path: Path, folder: Path) -> Path:
    """A copy of somebody's own dictionary in *folder*, without fields of type DATA.

    QuickFIX believes the length in front of such a field: with a wrong one it reads, and writes,
    where nothing is its own. As a string the field ends at its SOH like any other. It is in
    whatever encoding it names, of those that write ASCII as it is. Errors: ConfigError for others.
    """
    found = path.read_bytes()
    if b"\0" in found:
        raise ConfigError(f"{path}: save it as UTF-8; it is in two bytes a character, or no XML")
    text = re.sub(rb"""type\s*=\s*(['"])DATA\1""", b"type='STRING'", found)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"own-{hashlib.sha256(text).hexdigest()[:16]}.xml"
    if not copy.is_file():
        draft = copy.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_bytes(text)
        draft.replace(copy)
    return copy
