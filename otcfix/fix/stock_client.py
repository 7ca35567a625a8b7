"""What a client with the stock dictionaries makes of what we say (R7)."""

import functools
from collections.abc import Callable
from pathlib import Path

import quickfix as fix

from otcfix.fix.dictionaries import SESSION, stock_of, stock_path

SESSION_REJECT_REASON = {
    fix.InvalidTagNumber: 0,
    fix.RequiredTagMissing: 1,
    fix.TagNotDefinedForMessage: 2,
    fix.NoTagValue: 4,
    fix.IncorrectTagValue: 5,
    fix.IncorrectDataFormat: 6,
    fix.InvalidMessageType: 11,
    fix.RepeatedTag: 13,
    fix.TagOutOfOrder: 14,
    fix.RepeatingGroupCountMismatch: 16,
    fix.UnsupportedVersion: 99,
    fix.InvalidMessage: 99,  # framing, length or checksum: dropped unanswered
}
"""SessionRejectReason(373) for what QuickFIX's validation raises; 99: no Reject says it."""


@functools.cache
def stock_validator(version: str) -> Callable[[str], None]:
    """Raises ValueError where a client with the stock dictionary rejects this SOH message (R7)."""
    if version == "FIX.5.0SP2":
        return validator(stock_path("FIX50SP2"), stock_path("FIXT11"))
    return validator(stock_of(version))


def validator(application: Path, transport: Path | None = None) -> Callable[[str], None]:
    """Raises ValueError where a session with these dictionaries rejects the SOH message.

    QuickFIX looks at no value inside a repeating group; other engines do, so this does too.
    """
    app = fix.DataDictionary(str(application))
    session = fix.DataDictionary(str(transport)) if transport else app

    def validate(raw: str) -> None:
        msg_type = raw.split("\x0135=", 1)[-1].split("\x01", 1)[0]
        body = session if msg_type in SESSION.split() else app
        try:
            fix.DataDictionary.validate(fix.Message(raw, session, body, True), session, body)
        except tuple(SESSION_REJECT_REASON) as refused:
            reason = SESSION_REJECT_REASON[type(refused)]
            raise ValueError(
                f"35={msg_type} 373={reason} 371={getattr(refused, 'field', None)}: {refused}"
            ) from None
        for field in raw.rstrip("\x01").split("\x01"):
            tag, _, value = field.partition("=")
            if app.hasFieldValue(int(tag)) and not app.isFieldValue(int(tag), value):
                raise ValueError(f"35={msg_type} 373=5 371={tag}: {value!r} inside a group")

    return validate
