"""State as the journal's head has it: for questions that the tables do not answer."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.desk.state import State


def state_now(store: Any, config: "Config") -> "State":
    """The newest snapshot, and what was decided since, decided again. A desk may run meanwhile.

    Errors: ReplayDiffers with another id key, or another version of the program.
    """
    from otcfix.desk.state import State  # noqa: PLC0415
    from otcfix.fix.words import Words  # noqa: PLC0415
    from otcfix.sequencer.recovery import recover  # noqa: PLC0415

    def bind(state: State) -> tuple[Any, Any]:
        words = Words(state)
        return words.parse, words.render

    return recover(store, config.id_key, bind)[0]
