"""What happens by itself, in its order."""

from decimal import Decimal

from otcfix.model.event import ParametersMoved, TimerFired
from otcfix.model.pricing import Parameters
from otcfix.model.time import SECOND, Instant
from otcfix.sequencer.occasions import Occasions
from otcfix.venues.measures import Measures, MeasureTerms
from tests.conversation import Conversation

KNOWN = Parameters("BTC/USD", Decimal("154.2"), (("sim", Decimal("9.995")),), fast=True)
MOVED = ParametersMoved((KNOWN,), (("ALPHA", Decimal("1.25")),))


class Told:
    """Measures that have one thing to tell."""

    def __init__(self, *words: ParametersMoved) -> None:
        self._words = list(words)

    def due(self, now: Instant) -> ParametersMoved | None:
        """Tell it once."""
        return self._words.pop() if self._words else None


def occasions(desk: Conversation, *words: ParametersMoved) -> Occasions:
    """The occasions of *desk*, with measures."""
    return Occasions(
        *(desk.state, desk.store, desk.rates, desk.inbox),
        clock=desk.clock.wall_now,
        monotonic=desk.clock.steady_now,
        measures=Told(*words),
    )


def test_what_was_measured_goes_in_front_of_everything(desk: Conversation) -> None:
    """A timer that is due in the same look is decided with it."""
    alpha = desk.client("A44")
    alpha.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|131=R1|117=Q1|132=..|133=..|62=T+3s")
    looks = occasions(desk, MOVED)
    bodies = [one.body for one in looks.due(desk.now + 60 * SECOND)]

    assert bodies[0] == MOVED
    assert any(isinstance(body, TimerFired) for body in bodies[1:])
    assert MOVED not in [one.body for one in looks.due(desk.now + 61 * SECOND)]


def test_what_was_measured_outlives_a_restart(desk: Conversation) -> None:
    """State holds the last word, and the measures go on from there: nothing is told again."""
    (moved,) = occasions(desk, MOVED).due(desk.now)
    desk.inbox.put_urgent(moved)
    desk.step()
    desk.restarts()

    knowledge = desk.state.knowledge
    assert knowledge.of("BTC/USD") == KNOWN
    assert knowledge.toxicity_of("ALPHA") == Decimal("1.25")
    measures = Measures(desk.rates, desk.desk.instruments, lambda _: MeasureTerms())
    measures.seed(knowledge.parameters.values(), knowledge.toxicity)
    assert measures.due(desk.now) is None


def test_staff_is_heard_after_the_clock_was_set_back(desk: Conversation) -> None:
    """The next look into the mailbox is not as far away as the clock jumped."""
    desk.at("+1s")
    asked: list[int] = []

    def new_commands(after_id: int) -> tuple[()]:
        asked.append(after_id)
        return ()

    desk.store.new_commands = new_commands
    desk.wall_steps("-1h")
    for _ in range(3):
        desk.at("+1s")
    assert len(asked) >= 3
