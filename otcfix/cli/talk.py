"""One conversation of `otcfix client`: log on, say, hear, show."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otcfix.cli.outcome import CONNECT, Failed, usage_error
from otcfix.cli.secrets import trial_secret
from otcfix.cli.show import console, piped

if TYPE_CHECKING:
    from otcfix.cli.requests import Request
    from otcfix.config import Config
    from otcfix.config.models import SessionConfig
    from otcfix.fix.client import Client, Heard
    from otcfix.model.dialect import Dialect

REMEMBERED = 1_000
"""Orders whose symbol and side are kept, so that `cancel` needs the ClOrdID only."""


@dataclass(frozen=True, slots=True)
class Secured:
    """How TLS is spoken, as the command line has it: PEM files, None where not given."""

    ca: Path | None
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach the desk, as the command line has it."""

    config: Path
    session: str
    host: str
    port: int
    secret: str
    state: Path
    fresh: bool
    timeout_s: float
    raw: bool
    as_json: bool
    tls: Secured | None = None


def session_of(config: "Config", key: str) -> "SessionConfig":
    """The session named *key*, or the first one that may ask and deal.

    Errors: BadParameter naming those that are there.
    """
    sessions = config.sessions.session
    chosen = [s for s in sessions if s.key == key or (not key and s.kind == "both")]
    if not chosen:
        there = ", ".join(s.key for s in sessions)
        raise usage_error(
            f"--session: no session {key or 'of kind both'} in {config.folder / 'sessions.toml'}; "
            f"there are {there}"
        )
    return chosen[0]


def secret_of(session: "SessionConfig", given: str) -> str:
    """The secret given, or the public one of a trial session. Errors: BadParameter."""
    secret = given or trial_secret(session)
    if not secret:
        raise usage_error(f"--secret: none for {session.key}; give it, or set OTCFIX_SECRET")
    return secret


def state_folder() -> Path:
    """Where a client's numbers are kept unless said otherwise."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "otcfix" / "client"


class Talk:
    """A logged-on session, and everything that was said in it."""

    def __init__(
        self,
        client: "Client",
        session: "SessionConfig",
        line: Line,
        kept: Path,
        dialect: "Dialect | None" = None,
    ) -> None:
        self.client = client
        self._dialect = dialect
        self.session = session
        self.line = line
        self.heard: list[Heard] = []
        self._orders = kept / f"{session.key}.orders.json"
        self._out = None if line.as_json else console()

    def send(self, request: "Request") -> None:
        """Send one message, as the session's dialect says it."""
        if self._dialect is not None:
            from otcfix.cli.requests import in_dialect  # noqa: PLC0415
            from otcfix.fix.dialects import Translation  # noqa: PLC0415
            from otcfix.model.dialect import mirrored  # noqa: PLC0415

            translation = Translation(mirrored(self._dialect), self.session.symbols)
            request = in_dialect(request, translation)
        self.client.send(request.msg_type, request.fields, request.group, request.second)

    def until(
        self, wanted: Callable[["Heard"], bool], timeout_s: float, *, everything: bool = False
    ) -> "Heard | None":
        """Show what comes until *wanted* says so; None when it did not in time.

        What was said before (43=Y, 97=Y) is passed over, unless *everything*.
        """
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            heard = self.client.take(left)
            if heard is None:
                return None
            if heard.again and not heard.sent and not everything:
                continue
            self._show(heard)
            if not heard.sent and wanted(heard):
                return heard
            if heard.msg_type == "5":
                raise Failed(CONNECT, f"the desk logged us out: {heard.value(58)}")
        return None

    def _show(self, heard: "Heard") -> None:
        self.heard.append(heard)
        if self._out is not None:
            self._out.print(shown(heard, self.session.target_comp_id), soft_wrap=True)
            if self.line.raw:
                from rich.text import Text  # noqa: PLC0415

                self._out.print(Text(f"    {piped(heard.text)}", style="dim"), soft_wrap=True)

    def document(self, ok: bool, outcome: str, **more: Any) -> dict[str, Any]:
        """The conversation for JSON."""
        from otcfix.cli.words import fields_of, words_of  # noqa: PLC0415

        return {
            "ok": ok, "outcome": outcome, "session": self.session.key, **more,
            "messages": [
                {
                    "sent": h.sent, "msg_type": h.msg_type, "words": words_of(h),
                    "fix": piped(h.text), "fields": fields_of(h.text),
                }
                for h in self.heard
            ],
        }  # fmt: skip

    # -- orders remembered ---------------------------------------------------------------------

    def remember(self, cl_ord_id: str, symbol: str, side: str, quantity: str) -> None:
        """Keep what a cancel must repeat."""
        orders = self._remembered()
        orders[cl_ord_id] = [symbol, side, quantity]
        kept = dict(list(orders.items())[-REMEMBERED:])
        draft = self._orders.with_suffix(".new")
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(self._orders)

    def recall(self, cl_ord_id: str) -> tuple[str, str, str] | None:
        """Symbol, side and quantity of an order sent from here; None for another's."""
        found = self._remembered().get(cl_ord_id)
        return (found[0], found[1], found[2]) if found else None

    def _remembered(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self._orders.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def shown(heard: "Heard", client: str) -> Any:
    """One line of a conversation, for rich."""
    from rich.text import Text  # noqa: PLC0415

    from otcfix.cli.words import is_fill, is_refusal, words_of  # noqa: PLC0415

    who, style = (f"{client:<8} → ", "cyan") if heard.sent else (f"{'desk':<8} ← ", "green")
    text = Text(who, style=style)
    words = "red" if is_refusal(heard) else "bold green" if is_fill(heard) else ""
    return text.append(words_of(heard), style=words)


@contextmanager
def talking(line: Line) -> Iterator[Talk]:
    """Log on and give the conversation; log out at the end.

    Errors: Failed (5) when there is no session to be had, or another client has it here.
    """
    from otcfix.cli.options import load_config  # noqa: PLC0415
    from otcfix.config.dialects import session_dialect  # noqa: PLC0415
    from otcfix.fix.client import CannotConnect, Client, Login  # noqa: PLC0415
    from otcfix.fix.tunnel import Tls  # noqa: PLC0415

    # Importing QuickFIX has set SIGINT to end the process at once; the session must log out.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config = load_config(line.config)
    session = session_of(config, line.session)
    login = Login(
        session.version,
        session.target_comp_id,
        session.sender_comp_id,
        session.username,
        secret_of(session, line.secret),
    )
    acceptor = config.sessions.acceptor
    port = line.port or (acceptor.tls_port if line.tls else acceptor.port)
    if port is None:
        raise usage_error(f"--tls: no tls_port in {config.folder / 'sessions.toml'}; give --port")
    # Over TLS or not, a session's numbers are the same.
    kept = line.state / f"{line.host}-{line.port or acceptor.port}"
    kept.mkdir(parents=True, exist_ok=True)
    with _alone(kept / f"{session.key}.lock", session.key):
        if line.fresh:
            _forget(kept, login)
        secured = Tls(line.tls.ca, line.tls.certificate, line.tls.key) if line.tls else None
        client = Client(login, line.host, port, kept, secured)
        try:
            client.connect(line.timeout_s)
            yield Talk(client, session, line, kept, session_dialect(session, config.dialects))
        except CannotConnect as error:
            raise Failed(CONNECT, str(error)) from None
        finally:
            client.stop()


@contextmanager
def _alone(path: Path, key: str) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(
                CONNECT, f"session {key} is in use by another `otcfix client` on this machine"
            ) from None
        yield


def _forget(kept: Path, login: Any) -> None:
    """Delete QuickFIX's files of the session."""
    stem = f"-{login.sender_comp_id}-{login.target_comp_id}."
    for path in kept.iterdir():
        if stem in path.name:
            path.unlink()
