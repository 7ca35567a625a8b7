"""A real desk, a wire to it that can be told to fail, and the engines that are not ours."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.sim import Wire
from tests.support.desk_process import ROOT, DeskProcess

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("OTCFIX_FOREIGN") or ROOT / "build" / "foreign")
INSTALL_S = 180
FUNDED = ("ALPHA", "BETA", "GAMMA")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """The shipped configuration, funded and running, with a market that stands still."""
    made = DeskProcess(
        tmp_path_factory.mktemp("desk"),
        edits={"venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")]},
    )
    made.fund(*((c, a, q) for c in FUNDED for a, q in (("USD", "500000"), ("BTC", "5"))))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def wire(desk: DeskProcess) -> Iterator[Wire]:
    """Between the client and the desk."""
    with Wire(("127.0.0.1", desk.port)) as made:
        yield made


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Where the pinned engines of npm lie; they are installed once for each package-lock.json."""
    lock = HERE / "package-lock.json"
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = CACHE / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / ".done").exists():
            for name in ("package.json", lock.name):
                shutil.copy(HERE / name, folder)
            # No scripts of other people: the dictionaries that we use need no unpacking.
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S,
                    check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm did not end within {INSTALL_S} s")
            if done.returncode:
                pytest.skip(f"npm: {done.stderr.strip()[-400:]}")
            (folder / ".done").touch()
    return folder / "node_modules"
