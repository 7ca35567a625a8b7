"""What follows when screening has spoken, and the release of hits by two people."""

from collections.abc import Iterable

from msgspec import structs

from otcfix.desk import streaming
from otcfix.desk.draft import Draft
from otcfix.desk.enforcing import enforce
from otcfix.desk.four_eyes import waits
from otcfix.desk.freezing import hits_in_words
from otcfix.model.screening import (
    BLOCK,
    CLEAR,
    REVIEW,
    GoodGuy,
    ReleaseHit,
    Screened,
    ScreeningHit,
    ScreeningPolicy,
    ScreeningTrouble,
    ScreeningVerdict,
    ScreeningVerdicts,
)
from otcfix.model.time import DAY

TIMER = "screened"
"""Kind of the timer at which verdicts grow too old; its key says nothing."""


def on_screening_verdicts(draft: Draft, found: ScreeningVerdicts) -> None:
    """Note how each client stands; who is not clear any more loses what he has standing.

    A verdict on somebody as he was before his last change is kept only while there is none on what
    he is now: the gate stays closed by its digest.
    """
    closed, opened = set(), set()
    for one in found.verdicts:
        before = draft.screening(one.client_id)[0]
        if not _counts(draft, before, one):
            continue
        after = Screened(
            one.client_id,
            outcome_of(draft, one.client_id, one.hits),
            found.list_version,
            draft.event.at,
            one.subject_digest,
            one.hits,
        )
        draft.screened[one.client_id] = after
        if after.outcome != CLEAR:
            closed.add(one.client_id)
            _alert(draft, before, after)
        elif (
            before is None or before.outcome != CLEAR or before.subject_digest != one.subject_digest
        ):
            opened.add(one.client_id)
    if closed:
        enforce(draft, closed.__contains__)
    if opened:
        _reopen(draft, opened)
    if draft.screened:
        days = _policy(draft).verdict_age_max_days
        draft.timer(draft.event.at + days * DAY, TIMER, "")


def _counts(draft: Draft, before: Screened | None, one: ScreeningVerdict) -> bool:
    """Whether a verdict says something that was not known better: of a client that there is."""
    if one.client_id not in draft.register.clients:
        return False
    now = draft.screening(one.client_id)[1]
    return one.subject_digest == now or before is None or before.subject_digest != now


def outcome_of(draft: Draft, client_id: str, hits: Iterable[ScreeningHit]) -> str:
    """CLEAR, REVIEW or BLOCK: by the highest score of the hits that nobody has released."""
    policy = _policy(draft)
    highest = max((hit.score for hit in hits if released(draft, client_id, hit) is None), default=0)
    if highest >= policy.block_min:
        return BLOCK
    return REVIEW if highest >= policy.review_min else CLEAR


def released(draft: Draft, client_id: str, hit: ScreeningHit) -> GoodGuy | None:
    """The release that covers a hit, this event included."""
    known = draft.state.clientele.good_guys.get((client_id, hit.entry_id))
    found: list[GoodGuy] = [*draft.good_guys, *([known] if known else [])]
    for good in found:
        if good.client_id == client_id and good.covers(hit):
            return good
    return None


def _policy(draft: Draft) -> ScreeningPolicy:
    desk = draft.register.desk
    return desk.screening if desk else ScreeningPolicy()


def _alert(draft: Draft, before: Screened | None, after: Screened) -> None:
    """Tell staff once of each finding, not at each time that it is found again."""
    known = before is not None and (before.outcome, before.hits) == (after.outcome, after.hits)
    if not known:
        draft.alerts.append(
            f"screening: {after.client_id} {after.outcome}: {hits_in_words(after.hits)}"
        )


def _reopen(draft: Draft, clients: set[str]) -> None:
    """Who is clear again is told prices again."""
    for number, subscription in draft.state.streams.subscriptions.items():
        if subscription.client_id in clients:
            streaming.look_again(draft, number)


def on_screening_trouble(draft: Draft, trouble: ScreeningTrouble) -> None:
    """Tell staff."""
    draft.alerts.append(f"screening: {trouble.what}")


# -- the release of hits -------------------------------------------------------------------------


def on_release_hit(draft: Draft, command: ReleaseHit) -> None:
    """Release a hit, by two people; the client is judged anew at once.

    Staff alone reads why it is refused: an entry that is none of his hits, one released before, or
    one that is not any more what the first person has looked at.
    """
    found = draft.screening(command.client_id)[0]
    hits = [hit for hit in found.hits if hit.entry_id == command.entry_id] if found else []
    if found is None or not hits:
        draft.alerts.append(f"refused: {command.client_id} has no hit on {command.entry_id}")
        return
    if all(released(draft, command.client_id, hit) for hit in hits):
        draft.alerts.append(f"refused: {command.entry_id} is released for {command.client_id}")
        return
    entry_digest = hits[0].entry_digest
    if command.entry_digest not in ("", entry_digest):
        draft.alerts.append(f"refused: {command.entry_id} has changed since: look at it again")
        return
    parties = command.parties or tuple(dict.fromkeys(hit.party for hit in hits))
    shown = structs.replace(command, entry_digest=entry_digest, parties=parties)
    about = (
        f"release {command.client_id} ({', '.join(parties)}) of {command.entry_id}: {command.why}"
    )
    if waits(draft, shown, about):
        return
    known = draft.state.clientele.good_guys.get((command.client_id, command.entry_id))
    if known is not None and known.entry_digest == entry_digest:
        parties = tuple(dict.fromkeys((*known.parties, *parties)))
    draft.good_guys.append(
        GoodGuy(
            command.client_id,
            command.entry_id,
            entry_digest,
            command.by,
            draft.checked_by,
            draft.event.at,
            parties,
        )
    )
    _judge_anew(draft, found)


def _judge_anew(draft: Draft, found: Screened) -> None:
    """The outcome without what is released now; when and of what he was screened stays."""
    outcome = outcome_of(draft, found.client_id, found.hits)
    if outcome != found.outcome:
        draft.screened[found.client_id] = structs.replace(found, outcome=outcome)
        if outcome == CLEAR:
            _reopen(draft, {found.client_id})


# -- time and configuration ----------------------------------------------------------------------


def on_verdicts_due(draft: Draft) -> None:
    """Verdicts have grown too old: who rests on one of them loses what he has standing."""
    oldest = draft.event.at - _policy(draft).verdict_age_max_days * DAY
    known = draft.state.clientele.screened
    enforce(draft, lambda client_id: client_id in known and known[client_id].at <= oldest)


def watch_age(draft: Draft, policy: ScreeningPolicy) -> None:
    """A new configuration may say that verdicts hold for another time."""
    if policy == _policy(draft):
        return
    for at in sorted({found.at for found in draft.state.clientele.screened.values()}):
        draft.timer(at + policy.verdict_age_max_days * DAY, TIMER, "")
