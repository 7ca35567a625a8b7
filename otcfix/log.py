"""Logging: one line an event on stderr, for people in a terminal and as JSON anywhere else.

Standard output belongs to the answers of commands. Secrets never reach a log: the values of
RawData(96), Password(554) and NewPassword(925) in FIX text, passwords in URLs, and whatever is
logged under a name such as secret or password are blanked on the way out.
"""

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

BLANK = "***"

_IN_SOH = re.compile(r"((?:^|[\x01\s])(?:96|554|925|1402|1404)=)[^\x01]*")
_IN_BARS = re.compile(r"((?:^|[|\s])(?:96|554|925|1402|1404)=)[^|]*")
_URL_PASSWORD = re.compile(r"(\w+://[^\s:/@]*:)[^\s/@]+@")
_SECRET_NAMES = re.compile(r"(?:^|_)(?:secret|password|passwd)$", re.IGNORECASE)


def redacted(text: str) -> str:
    """Blank secret FIX fields (separated by SOH or |) and passwords of URLs in *text*."""
    fields = _IN_SOH if "\x01" in text else _IN_BARS
    text = fields.sub(rf"\g<1>{BLANK}", text)
    return _URL_PASSWORD.sub(rf"\g<1>{BLANK}@", text) if "://" in text else text


def escaped(text: str) -> str:
    """*text* for a terminal: whatever moves a cursor, ends a line or hides stands there as a
    backslash and its number. What clients and strangers say must not write our log."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in text])


def escape(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """`escaped` texts, but for a traceback, whose lines are ours; a processor of structlog."""
    return {
        key: escaped(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name) and value:
        return BLANK
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, bytes):
        return redacted(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {key: _clean(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, item) for item in value]
    return value


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blank what no log may hold; a processor of structlog, the last before the renderer."""
    return {key: _clean(key, value) for key, value in event.items()}


class _Stderr:
    """Whatever sys.stderr is when something is written."""

    def write(self, text: str) -> int:
        """Write to it."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether people read it."""
        return sys.stderr.isatty()


def configure(
    level: str = "info", *, stream: TextIO | None = None, as_json: bool | None = None
) -> None:
    """Set up structlog for this process.

    as_json: None means JSON unless *stream* (stderr) is a terminal.
    Errors: ValueError for a level that is not in LEVELS.
    """
    import structlog  # noqa: PLC0415 - a fifth of a second, and many commands log nothing

    if level not in LEVELS:
        raise ValueError(f"no log level {level!r}, only {', '.join(LEVELS)}")
    out = cast(TextIO, _Stderr()) if stream is None else stream
    if as_json is None:
        as_json = not out.isatty()
    renderer: Any = (
        structlog.processors.JSONRenderer(default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            *(() if as_json else (escape,)),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
