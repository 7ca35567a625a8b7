"""The command line run in this process where no FIX is involved, in another one where it is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.support import Answer, Run, run_here
from tests.support.desk_process import ROOT, DeskProcess


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OTCFIX_CONFIG", "OTCFIX_DATABASE", "OTCFIX_SECRET", "OTCFIX_ID_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield
    structlog.reset_defaults()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of the shipped configuration, and we are in it."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Run:
    """Run a command in this process, in that folder."""
    return run_here


@pytest.fixture(scope="session")
def _funded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a few deposits and withdrawals, made once by the commands themselves."""
    folder = tmp_path_factory.mktemp("funded")
    url = ("--config", str(ROOT / "config"), "--database", f"sqlite:///{folder}/otcfix.db")
    for words in (
        ("ledger", "deposit", "ALPHA", "USD", "250000.50", "--reference", "wire 1"),
        ("ledger", "deposit", "ALPHA", "BTC", "1.5"),
        ("ledger", "withdraw", "ALPHA", "USD", "0.50"),
        ("ledger", "deposit", "BETA", "USD", "1000"),
    ):
        assert run_here(*words, *url).code == 0
    return folder / "otcfix.db"


@pytest.fixture
def funded(here: Path, _funded: Path) -> Path:
    """A copy of that database, where the commands look by themselves."""
    (here / "state").mkdir()
    path = here / "state" / "otcfix.db"
    shutil.copy(_funded, path)
    return path


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk that serves, with funded clients; it must end cleanly when told to."""
    desk = DeskProcess(tmp_path_factory.mktemp("served"))
    desk.fund(("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"), ("BETA", "USD", "250000"))
    desk.start()
    yield desk
    code = desk.stop()
    assert code == 0, desk.log.read_text()


@pytest.fixture
def ask(served: DeskProcess) -> Run:
    """Run a command of `otcfix client` against the desk, in a process of its own."""

    def client(*arguments: str) -> Answer:
        done = served.run(
            "client", *arguments, "--config", str(served.config),
            "--state", str(served.folder / "client"),
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    return client


@pytest.fixture
def staff(served: DeskProcess) -> Run:
    """Run another command on the same desk's configuration and database, in this process."""

    def command(*arguments: str) -> Answer:
        words = [*arguments, "--database", served.database]
        changes = arguments[1:2] in (("bust",), ("correct",))
        if arguments[0] not in ("trades", "journal", "db", "breaks", "allocations") or changes:
            words += ["--config", str(served.config)]
        return run_here(*words)

    return command
