"""What the gate must know of a client before it says whether he may deal: gathered from State."""

from otcfix.desk.draft import Draft
from otcfix.gate.authority import CLIENT_CHECKS, INSTRUMENT_CHECKS, Authority, screened
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.party import Client
from otcfix.model.profile import ACTIVE
from otcfix.model.time import utc_day
from otcfix.model.verdict import Finding


def authority_of(
    draft: Draft,
    client: Client | None,
    session: str,
    instrument: Instrument | None = None,
    side: Side | None = None,
) -> Authority:
    """The facts about *client* who asks on *session* for *instrument*; side None: both of them."""
    state, at = draft.state, draft.event.at
    desk, day = draft.register.desk, utc_day(at)
    asked = Authority(client, state.session_enabled(session), at, day, instrument)
    if client is None or desk is None:
        return asked
    asked.client_state = str(state.word("state", f"client:{client.client_id}", ACTIVE))
    asked.screened, asked.subject_digest = draft.screening(client.client_id)
    asked.verdict_age_max_days = desk.screening.verdict_age_max_days
    asked.reduce_when = desk.reduce_when
    if instrument is not None:
        asked.policy = draft.register.policy_answer(client, instrument, side, day)
    return asked


def screening_of(draft: Draft, client: Client) -> Finding:
    """What the gate says of *client*'s screening alone, now."""
    desk = draft.register.desk
    asked = Authority(client, True, draft.event.at, "")
    asked.screened, asked.subject_digest = draft.screening(client.client_id)
    asked.verdict_age_max_days = desk.screening.verdict_age_max_days if desk else 0
    return screened(asked)


def forbidden(asked: Authority) -> Finding | None:
    """The first reason why he may not deal (any more); None when he may."""
    for check in CLIENT_CHECKS:
        finding = check(asked)
        if finding is not None and finding.refusal is not None:
            return finding
    if asked.instrument is None:
        return None
    for check in INSTRUMENT_CHECKS:
        finding = check(asked)
        if finding is not None and finding.refusal is not None:
            return finding
    return None
