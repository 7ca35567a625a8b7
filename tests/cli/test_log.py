"""Logs: one line an event, and no secrets in it."""

import io
import json

import pytest
import structlog

from otcfix import log
from otcfix.cli.outcome import complain
from otcfix.cli.show import piped, print_table


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("35=A\x01553=me\x01554=se|cret\x0110=1\x01", "35=A\x01553=me\x01554=***\x0110=1\x01"),
        ("96=abc\x0195=3\x01", "96=***\x0195=3\x01"),
        ("35=BE\x011402=se\x011404=cret\x01", "35=BE\x011402=***\x011404=***\x01"),
        ("35=A|925=new|10=1", "35=A|925=***|10=1"),
        ("1554=5\x0155=BTC/USD\x01", "1554=5\x0155=BTC/USD\x01"),
        ("postgresql+psycopg://me:hidden@host/db", "postgresql+psycopg://me:***@host/db"),
        ("sqlite:///state/otcfix.db", "sqlite:///state/otcfix.db"),
    ],
)
def test_secrets_in_text_are_blanked(text: str, clean: str) -> None:
    """Values of 96, 554 and 925, and passwords of URLs; nothing else."""
    assert log.redacted(text) == clean


def test_what_a_client_says_does_not_write_on_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the log nor a table moves a cursor, begins a line or turns its direction."""
    said = "wrong\x1b[2J\r\n2026-01-01 [info] all is well \x9b1A \u202e"
    out = io.StringIO()
    log.configure("info", stream=out, as_json=False)
    structlog.get_logger("test").warning("alert", alert=f"ALPHA44 disputes E1: {said}")
    print_table(("why",), [(said,), ("two\nlines",)])
    print(piped(f"58={said}\x01"))
    complain(said)
    shown, errors = capsys.readouterr()
    for text in (out.getvalue().replace("\x1b[0m", ""), shown, errors):
        assert "\\x1b[2J" in text
        for hidden in ("\x1b[2J", "\r", "\x9b", "\u202e"):
            assert hidden not in text
    assert len(out.getvalue().splitlines()) == 1
    assert "two" in shown.splitlines()[-3]


def test_json_lines() -> None:
    """Outside a terminal each event is one JSON line, nested secrets blanked."""
    out = io.StringIO()
    log.configure("info", stream=out)
    logger = structlog.get_logger("test")

    logger.debug("unseen")
    logger.info("seen", password="p", nested={"secret": "s", "texts": ["554=x\x01"]}, raw=b"96=1")

    (line,) = out.getvalue().splitlines()
    found = json.loads(line)
    assert found["event"] == "seen"
    assert found["level"] == "info"
    assert found["password"] == "***"
    assert found["nested"] == {"secret": "***", "texts": ["554=***\x01"]}
    assert found["raw"] == "96=***"
    assert found["timestamp"].endswith("Z")


def test_an_exception_is_in_the_line() -> None:
    """A traceback is text of the event, blanked as well."""
    out = io.StringIO()
    log.configure(stream=out)
    text = "554=" + "hidden"
    try:
        raise ValueError(text)
    except ValueError:
        structlog.get_logger().exception("bad")

    found = json.loads(out.getvalue())
    assert "ValueError" in found["exception"]
    assert "hidden" not in found["exception"]


def test_console_lines_are_for_people() -> None:
    """As asked: no JSON."""
    out = io.StringIO()
    log.configure(stream=out, as_json=False)
    structlog.get_logger().warning("look", secret="s")

    assert "look" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_no_such_level() -> None:
    """The levels are named."""
    with pytest.raises(ValueError, match="debug, info"):
        log.configure("loud")
