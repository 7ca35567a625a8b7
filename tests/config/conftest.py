"""A copy of the shipped configuration, in which a test writes one file anew."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from otcfix.config import Config, load
from otcfix.model.errors import ConfigError
from tests.support.desk_process import ROOT

Write = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped configuration, copied."""
    copy = tmp_path / "config"
    shutil.copytree(ROOT / "config", copy)
    return copy


@pytest.fixture
def loaded(folder: Path) -> Callable[[str, str], Config]:
    """Write one file, and load all of them."""

    def read(name: str, text: str) -> Config:
        (folder / name).write_text(text)
        return load(folder)

    return read


@pytest.fixture
def complaint(loaded: Callable[[str, str], Config]) -> Callable[[str, str], str]:
    """Write one file with something wrong in it; return what is said."""

    def read(name: str, text: str) -> str:
        with pytest.raises(ConfigError) as error:
            loaded(name, text)
        return str(error.value)

    return read
