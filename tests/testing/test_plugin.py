"""The plugin as its README shows it: the examples there are run, word by word."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.desk_process import ROOT

pytest_plugins = ["pytester"]

README = ROOT / "otcfix" / "testing" / "README.md"
EXAMPLE = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
FIXTURES = ("otcfix_desk", "otcfix_client", "otcfix_connect", "otcfix_venue")


def loaded() -> tuple[str, ...]:
    """What loads the plugin where the package was installed before it had one."""
    found = importlib.metadata.entry_points(group="pytest11", name="otcfix")
    return () if found else ("-p", "otcfix.testing.plugin")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project, from which this otcfix is imported."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Its tests."""
    return project.runpytest_subprocess(*loaded(), "-p", "no:cacheprovider", *arguments)


def test_the_examples_of_the_readme_pass(project: pytest.Pytester) -> None:
    """Against a real desk, in three versions, with a power cut."""
    assert EXAMPLE is not None
    count = EXAMPLE[1].count("\ndef test_")
    project.makepyfile(test_strategy=EXAMPLE[1])
    run(project, "--strict-markers").assert_outcomes(passed=count)
    assert count == 5


def test_the_readme_names_every_fixture() -> None:
    """And what they can do is there."""
    text = README.read_text()
    for name in FIXTURES:
        assert f"| `{name}` |" in text


def test_a_project_brings_its_own_configuration_and_version(project: pytest.Pytester) -> None:
    """By its ini file; other price sources than the test's are left out."""
    own = project.path / "desk"
    shutil.copytree(ROOT / "config", own)
    desk = own / "desk.toml"
    desk.write_text(desk.read_text() + OWN_INSTRUMENT)
    project.makeini("[pytest]\notcfix_config = desk\notcfix_version = FIX.5.0SP2\n")
    project.makepyfile(
        """
        import pytest
        from decimal import Decimal

        from otcfix.testing.client import Refused

        def test_own(otcfix_client, otcfix_connect):
            assert otcfix_client.version == "FIX.5.0SP2"
            other = otcfix_connect("ALPHA44")
            quote = other.ask("XYZ/USD", "1", "buy")
            assert Decimal(100) < quote.offer < Decimal(110)
            with pytest.raises(Refused) as refused:
                otcfix_client.ask("NOPE/USD", "1")
            assert refused.value.code == "UNKNOWN_SYMBOL"
        """
    )
    run(project).assert_outcomes(passed=1)


OWN_INSTRUMENT = """
[[asset]]
code = "XYZ"
scale = 8

[[instrument]]
symbol = "XYZ/USD"
asset_class = "crypto"
base = "XYZ"
terms = "USD"
tick = 0.01
lot = 0.001
qty_min = 0.001
qty_max = 100
price_age_max_ms = 2000
"""


WRONG = {
    'config="nowhere"': "*no configuration of a desk there*",
    'prices={"NOPE/USD": 1}': "*no instrument NOPE/USD*",
    "speed=2": "*pytest.mark.otcfix: *speed*",
}


def test_what_cannot_be_is_named(project: pytest.Pytester) -> None:
    """A folder, a symbol, a key of the marker."""
    tests = [
        f"@pytest.mark.otcfix({marker})\ndef test_{number}(otcfix_desk):\n    pass\n"
        for number, marker in enumerate(WRONG)
    ]
    project.makepyfile("import pytest\n\n" + "\n".join(tests))
    result = run(project)
    result.assert_outcomes(errors=len(WRONG))
    for words in WRONG.values():
        result.stdout.fnmatch_lines([words])


def test_it_loads_nothing_heavy() -> None:
    """Merely installed, it costs a pytest run next to nothing."""
    heavy = ("quickfix", "sqlalchemy", "pydantic", "structlog", "otcfix.sim", "otcfix.app")
    code = (
        "import sys, otcfix.testing.plugin; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
