"""What the desk's small words say now: read from the newest snapshot and the journal behind it."""

from typing import Any

Words = dict[str, dict[str, str | int]]


def words_now(store: Any) -> Words:
    """Who is online and which sessions staff switched or holds, as the journal's head has it."""
    import msgspec  # noqa: PLC0415

    from otcfix.desk.snapshot import Snapshot  # noqa: PLC0415
    from otcfix.model.event import SessionDown, SessionUp, SetSession, Typed  # noqa: PLC0415
    from otcfix.model.session_act import HOLD, RELEASE, ActOnSession  # noqa: PLC0415
    from otcfix.sequencer.loop import SNAPSHOT_VERSION  # noqa: PLC0415

    kept = store.newest_snapshot(SNAPSHOT_VERSION)
    words: Words = msgspec.msgpack.decode(kept[2], type=Snapshot).words if kept else {}
    enabled = words.setdefault("session_enabled", {})
    online = words.setdefault("online", {})
    held = words.setdefault("held", {})
    decoder = msgspec.json.Decoder(Typed)
    for row in store.journal(after=kept[0] if kept else 0):
        if row.kind == "Boot":
            online.clear()
        elif row.kind in ("SetSession", "ActOnSession", "SessionUp", "SessionDown"):
            body = decoder.decode(row.text)
            if isinstance(body, SetSession):
                enabled[body.session] = 1 if body.enabled else -1
            elif isinstance(body, ActOnSession) and body.act in (HOLD, RELEASE):
                held[body.session] = int(body.act == HOLD)  # a refused one changes nothing
            elif isinstance(body, SessionUp | SessionDown):
                online[body.session] = int(isinstance(body, SessionUp))
    return words


def policy_now(store: Any) -> Any:
    """The rules of jurisdiction as the journal's head has them; None before the first start."""
    import msgspec  # noqa: PLC0415

    from otcfix.desk.snapshot import Snapshot  # noqa: PLC0415
    from otcfix.model.event import Boot, Typed  # noqa: PLC0415
    from otcfix.model.policy import SetPolicy  # noqa: PLC0415
    from otcfix.sequencer.loop import SNAPSHOT_VERSION  # noqa: PLC0415

    kept = store.newest_snapshot(SNAPSHOT_VERSION)
    desk = msgspec.msgpack.decode(kept[2], type=Snapshot).desk if kept else None
    policy = desk.policy if desk is not None else None
    decoder = msgspec.json.Decoder(Typed)
    for row in store.journal(after=kept[0] if kept else 0):
        if row.kind in ("Boot", "SetPolicy"):
            body = decoder.decode(row.text)
            if isinstance(body, SetPolicy):
                policy = body.policy
            elif isinstance(body, Boot) and body.desk is not None:
                policy = body.desk.policy
    return policy


def sessions_now(store: Any) -> Any:
    """The sessions as the journal's head has them, by key; None before the first start."""
    import msgspec  # noqa: PLC0415

    from otcfix.desk.snapshot import Snapshot  # noqa: PLC0415
    from otcfix.model.event import Boot, Typed  # noqa: PLC0415
    from otcfix.model.session_commands import SetSessions  # noqa: PLC0415
    from otcfix.sequencer.loop import SNAPSHOT_VERSION  # noqa: PLC0415

    kept = store.newest_snapshot(SNAPSHOT_VERSION)
    desk = msgspec.msgpack.decode(kept[2], type=Snapshot).desk if kept else None
    sessions = desk.sessions if desk is not None else None
    decoder = msgspec.json.Decoder(Typed)
    for row in store.journal(after=kept[0] if kept else 0):
        if row.kind in ("Boot", "SetSessions"):
            body = decoder.decode(row.text)
            if isinstance(body, SetSessions):
                sessions = body.sessions
            elif isinstance(body, Boot) and body.desk is not None:
                sessions = body.desk.sessions
    return None if sessions is None else {one.key: one for one in sessions}
