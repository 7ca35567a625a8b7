"""What QuickFIX calls: the binding ends the process on any exception that it does not know."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import quickfix as fix
import structlog

log = structlog.get_logger("otcfix.fix")


def guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """No exception leaves a callback, but for those that speak to QuickFIX."""

    @wraps(callback)
    def called(*args: Any) -> None:
        try:
            callback(*args)
        except (fix.DoNotSend, fix.RejectLogon, fix.IncorrectTagValue):
            raise
        except Exception:
            log.exception("callback_failed", callback=callback.__qualname__)

    return called
