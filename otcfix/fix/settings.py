"""QuickFIX's settings file, written from our configuration."""

import hashlib
import re
import secrets
from pathlib import Path

from otcfix.config import AcceptorConfig, Config, SessionConfig
from otcfix.fix.dictionaries import Dictionaries

DAYS = {
    "mon": "monday",
    "tue": "tuesday",
    "wed": "wednesday",
    "thu": "thursday",
    "fri": "friday",
    "sat": "saturday",
    "sun": "sunday",
}


def begin_string(version: str) -> str:
    """BeginString(8) of a version: 5.0SP2 travels over FIXT.1.1."""
    return "FIXT.1.1" if version == "FIX.5.0SP2" else version


def session_id_text(session: SessionConfig) -> str:
    """The session as QuickFIX names it: FIX.4.4:SENDER->TARGET."""
    begin = begin_string(session.version)
    return f"{begin}:{session.sender_comp_id}->{session.target_comp_id}"


def settings_text(config: Config, dictionaries: Dictionaries, store: Path, port: int) -> str:
    """The text of the settings file for every session of *config*; port: the engine's own."""
    acceptor = config.sessions.acceptor
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
        "UseDataDictionary=Y",
        "ValidateUserDefinedFields=N",
        "SendRedundantResendRequests=N",
        "LogoutTimeout=2",
    ]
    for session in config.sessions.session:
        lines += _session(session, acceptor, dictionaries, config.folder, store)
    return "\n".join(lines) + "\n"


def _session(
    session: SessionConfig,
    acceptor: AcceptorConfig,
    dictionaries: Dictionaries,
    folder: Path,
    store: Path,
) -> list[str]:
    keys: dict[str, str] = {
        "BeginString": begin_string(session.version),
        "SenderCompID": session.sender_comp_id,
        "TargetCompID": session.target_comp_id,
        "HeartBtInt": str(session.heartbeat_max),
        "ResetOnLogon": "Y" if session.reset_on_logon else "N",
        "SendNextExpectedMsgSeqNum": "Y" if session.next_expected else "N",
        "AllowUnknownMsgFields": "Y" if session.unknown_tags == "ignore" else "N",
        **{
            name: str(value)
            for name, value in dictionaries.settings(
                session.version, flat=session.flat_quote_request
            ).items()
        },
    }
    if session.dictionary:
        fixt = session.version == "FIX.5.0SP2"
        own = without_data(folder / session.dictionary, store / "dictionaries")
        keys["AppDataDictionary" if fixt else "DataDictionary"] = str(own)
    addresses = session.allowed_remote_addresses or acceptor.allow_from
    if addresses:
        keys["AllowedRemoteAddresses"] = ",".join(addresses)
    schedule = session.schedule
    if schedule is None:
        keys["NonStopSession"] = "Y"
    else:
        keys |= {"StartTime": schedule.start, "EndTime": schedule.end}
        if schedule.start_day and schedule.end_day:
            keys |= {"StartDay": DAYS[schedule.start_day], "EndDay": DAYS[schedule.end_day]}
    return ["", "[SESSION]", *(f"{name}={value}" for name, value in keys.items())]


def without_data(path: Path, folder: Path) -> Path:
    """A copy of somebody's own dictionary in *folder*, without fields of type DATA.

    QuickFIX believes the length in front of such a field: with a wrong one it reads, and writes,
    where nothing is its own. As a string the field ends at its SOH like any other.
    """
    text = re.sub(r"""type\s*=\s*(['"])DATA\1""", "type='STRING'", path.read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"own-{hashlib.sha256(text.encode()).hexdigest()[:16]}.xml"
    if not copy.is_file():
        draft = copy.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(text, "utf-8")
        draft.replace(copy)
    return copy
