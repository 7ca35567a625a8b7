"""Rates of messages: what a message costs its session, and when it is too many."""

from otcfix.desk.draft import Draft
from otcfix.model.throttle import LoadMoved


def on_load_moved(draft: Draft, moved: LoadMoved) -> None:
    """Clients may use more or less of their rates."""
