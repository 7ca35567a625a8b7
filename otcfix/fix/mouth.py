"""Sending on a line: who speaks is known while QuickFIX calls back."""

from typing import Any

from otcfix.fix.line import Line


class Mouth:
    """Hands finished messages to QuickFIX. speaking_to: the line that is being sent to, if any."""

    def __init__(self) -> None:
        self.speaking_to: Line | None = None

    def send(self, line: Line, message: Any, *, keep: bool = True) -> None:
        """keep False: a price, which is never sent again (R10). QuickFIX's store would remember it
        for as long as the numbers run, in memory and on disk; what it does not have it gap-fills.
        """
        self.speaking_to = line
        session = line.session
        try:
            if keep:
                session.send(message)
            else:
                session.setPersistMessages(False)
                session.send(message)
        finally:
            if not keep:
                session.setPersistMessages(True)
            self.speaking_to = None
