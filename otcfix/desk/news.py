"""News(35=B) from staff to sessions."""

from otcfix.desk.draft import Draft
from otcfix.model.answers import NewsSaid
from otcfix.model.session_commands import SendNews

LINES_MAX = 20


def on_send_news(draft: Draft, command: SendNews) -> None:
    """Say it to the sessions that are named, else to every client's session that is logged on."""
    sessions = draft.register.sessions
    unknown = [key for key in command.sessions if key not in sessions]
    if unknown:
        draft.alerts.append(f"refused: no session {', '.join(unknown)}")
        return
    if not command.headline.strip() or not command.lines or len(command.lines) > LINES_MAX:
        draft.alerts.append(f"refused: news has a headline and 1 to {LINES_MAX} lines")
        return
    keys = dict.fromkeys(command.sessions) or {
        key: None
        for key, one in sessions.items()
        if one.kind != "provider" and draft.word("online", key)
    }
    if not keys:
        draft.alerts.append("refused: nobody is logged on")
        return
    for key in keys:
        draft.say(NewsSaid(key, command.headline, command.lines, command.urgent, draft.event.at))
