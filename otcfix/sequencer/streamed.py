"""What was streamed, said again by the journal: W and X stand in no table (R10)."""

from collections.abc import Callable, Iterable, Iterator

from otcfix.desk.state import State
from otcfix.model.event import Event
from otcfix.model.record import JournalRow, StreamRow
from otcfix.sequencer.deciding import Decided
from otcfix.sequencer.ports import Parse, Render, RenderStreams
from otcfix.sequencer.recovery import Replay

Words = Callable[[State], tuple[Parse, Render, RenderStreams]]
"""Parse, render and render_streams for a State."""


def streamed(
    rows: Iterable[JournalRow], state: State, words: Words
) -> Iterator[tuple[int, StreamRow]]:
    """(seq, message) of everything that was streamed, in order; *state* as it was before *rows*.

    Errors: ReplayDiffers.
    """
    parse, render, render_streams = words(state)
    said: list[StreamRow] = []

    def before_it_is_applied(event: Event, decided: Decided) -> None:
        if decided.decision.streams:
            said.extend(render_streams(decided.decision, event.at))

    replay = Replay(state, parse, render, before_it_is_applied)
    for row in rows:
        replay.step(row)
        for message in said:
            yield row.seq, message
        said.clear()
