"""What follows when screening has spoken, and the release of hits by two people."""

from otcfix.desk.draft import Draft
from otcfix.model.screening import CLEAR, REVIEW, ReleaseHit, Screened, ScreeningVerdicts


def on_screening_verdicts(draft: Draft, found: ScreeningVerdicts) -> None:
    """Note how each client stands; who is not clear any more loses what he has standing."""
    for one in found.verdicts:
        draft.screened[one.client_id] = Screened(
            one.client_id,
            REVIEW if one.hits else CLEAR,
            found.list_version,
            draft.event.at,
            one.subject_digest,
            one.hits,
        )


def on_release_hit(draft: Draft, command: ReleaseHit) -> None:
    """Release a hit, by two people."""
    draft.alerts.append("refused: not done here yet")
