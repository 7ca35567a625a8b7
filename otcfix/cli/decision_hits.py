"""Which listed entries stood behind a refusal, and what their scores were made of."""

from typing import Any

import msgspec

CHECK = "screened"


def hits_behind(store: Any, seq: int, session: str, measured: str) -> list[dict[str, Any]]:
    """The hits that the check `screened` of event *seq* names in *measured*, best first.

    They are read from the ScreeningVerdicts that the desk had then: the newest before *seq* of the
    client of *session*, or of a client behind it. Empty when the check names no entry.
    """
    from otcfix.commands import registered  # noqa: PLC0415
    from otcfix.model.screening import ScreeningVerdicts  # noqa: PLC0415
    from otcfix.store.decisions import told_before  # noqa: PLC0415

    outcome, _, rest = measured.partition("; ")
    listed = set(outcome.partition(": ")[2].split())
    version = rest.removeprefix("lists ").rpartition("; ")[0]
    desk = registered(store).desk if listed else None
    known = [one for one in desk.sessions if one.key == session] if desk is not None else []
    clients = {name for one in known for name in (one.client_id, *one.end_clients.values())}
    decode = msgspec.json.Decoder(ScreeningVerdicts).decode
    for row in told_before(store, (ScreeningVerdicts.__name__,), seq) if clients else ():
        body = decode(row.text)
        for verdict in body.verdicts:
            named = {hit.entry_id for hit in verdict.hits}
            if verdict.client_id in clients and body.list_version == version and listed <= named:
                hits = [hit for hit in verdict.hits if hit.entry_id in listed]
                return [_hit(row.seq, verdict.client_id, hit) for hit in sorted(hits, key=_order)]
    return []


def _order(hit: Any) -> tuple[Any, ...]:
    return -hit.score, hit.party, hit.entry_id


def _hit(seq: int, client_id: str, hit: Any) -> dict[str, Any]:
    return {
        "event": seq, "client": client_id, "party": hit.party, "entry": hit.entry_id,
        "list": hit.list_name, "matched": hit.matched, "score": hit.score, "pieces": hit.pieces,
    }  # fmt: skip
