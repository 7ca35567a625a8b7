"""Every key that a file may have stands in the shipped one, set or in a remark."""

import inspect
import re
from types import ModuleType

import pytest

from otcfix.config import (
    clients,
    hedging,
    jurisdictions,
    limits,
    models,
    pricing,
    screening,
    throttles,
    venue_models,
)
from otcfix.config.models import (
    AcceptorConfig,
    Closed,
    ControlConfig,
    ScheduleConfig,
    SessionConfig,
)
from tests.support.desk_process import ROOT

OF_SESSIONS = (AcceptorConfig, ControlConfig, SessionConfig, ScheduleConfig)
FILES: dict[str, ModuleType | tuple[type[Closed], ...]] = {
    "sessions": OF_SESSIONS,
    "desk": models,
    "clients": clients,
    "hedging": hedging,
    "jurisdictions": jurisdictions,
    "limits": limits,
    "pricing": pricing,
    "screening": screening,
    "throttles": throttles,
    "venues": venue_models,
}


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_explained(name: str) -> None:
    """A key that nobody shows is a key that nobody finds."""
    text = (ROOT / "config" / f"{name}.toml").read_text()
    found = FILES[name]
    kinds = found if isinstance(found, tuple) else _models(found)
    keys = {field.alias or key for kind in kinds for key, field in kind.model_fields.items()}

    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


def _models(module: ModuleType) -> tuple[type[Closed], ...]:
    """The models of one file; those of sessions.toml stand beside those of desk.toml."""
    return tuple(
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Closed)
        and kind.__module__ == module.__name__
        and kind not in (*OF_SESSIONS, models.SessionsConfig)
    )
