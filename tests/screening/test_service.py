"""Who is screened and when: the service of a desk, its real worker, and lists that change."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from otcfix.config import Config, ListConfig, ScreeningConfig
from otcfix.desk.clientele import Clientele
from otcfix.model.decision import Decision
from otcfix.model.party import Client
from otcfix.model.profile import BankAccount, Owner, Wallet
from otcfix.model.screening import BLOCK, CLEAR, REVIEW, ScreeningTrouble, ScreeningVerdicts
from otcfix.model.time import DAY
from otcfix.screening import line
from otcfix.screening.lists_corpus import update_lists
from otcfix.screening.parties import parties_of
from otcfix.screening.service import ScreeningService
from tests.conversation import Conversation
from tests.support.house_desk import PROFILE, client, house_desk

HEADER = "id,kind,name,aliases,dob,country,addresses,remarks\n"
ROWS = {
    "1": "1,organisation,Blackmarsh Example Trading FZE,,,AE,,\n",
    "2": "2,person,Nemo Exampleovich Inventov,,1971-02-28,RU,ETH:0x0000000000e4a17e,\n",
    "3": "3,organisation,Quiet Harbour Shipping Ltd,,,PA,,\n",
}


class Beside:
    """A desk, the service beside it, and the folder of its one list."""

    def __init__(self, folder: Path, *names: str, age_max_days: int = 30) -> None:
        more = tuple(client(f"C{n}", name=name) for n, name in enumerate(names))
        desk = house_desk()
        self.desk = Conversation(structs.replace(desk, clients=desk.clients + more), screens=False)
        self.file = folder / "own.csv"
        self.lists("1", "2")
        own = ListConfig(name="own", format="own_csv", files=("own.csv",))
        self.config = Config.model_construct(
            folder=folder,
            screening=ScreeningConfig(
                folder=str(folder / "lists"),
                list=(own,),
                shrink_max=Decimal("0.99"),
                verdict_age_max_days=age_max_days,
            ),
        )
        self.said: list[object] = []
        self.heard: list[object] = []
        self.later = 0
        self.service = self.made()

    def made(self) -> ScreeningService:
        """The service as a start of the desk makes it."""
        return ScreeningService(
            self.config,
            self.desk.state.clientele,
            self.said.append,
            lambda: self.desk.now + self.later,
        )

    def lists(self, *rows: str, **changed: str) -> None:
        """What stands in the list's own file."""
        texts = [changed.get(f"row{row}", ROWS[row]) for row in rows]
        self.file.write_text(HEADER + "".join(texts))

    def updates(self) -> None:
        """Staff takes the list in."""
        (outcome,) = update_lists(self.config, by="staff")
        assert outcome.what == "accepted", outcome.text

    def take(self) -> None:
        """The desk decides what was said to it, and tells the service."""
        while self.said:
            body = self.said.pop(0)
            self.heard.append(body)
            self.service.observe(self.desk.tell(body))

    def start(self) -> None:
        """Open the door."""
        self.service.start(self.take)

    def refreshed(self, *rows: str) -> None:
        """Without its thread: everybody is cleared, then other lists come, nobody is asked yet."""
        for _ in range(3):
            self.service._step()
            self.take()
        self.lists(*rows)
        self.updates()
        self.service._look(self.service._next_look)
        assert self.service._delta

    def becomes(self, client_id: str, name: str) -> Decision:
        """State has a client of another name; the service is not told yet."""
        changed = structs.replace(self.desk.state.clientele.clients[client_id], name=name)
        told = Decision(clients=(changed,))
        self.desk.state.clientele.take(told)
        return told

    def soon(self, what: Callable[[], object]) -> None:
        """It comes true within some seconds."""
        until = time.monotonic() + 15
        while time.monotonic() < until:
            self.take()
            if what():
                return
            time.sleep(0.01)
        raise AssertionError("it did not happen")

    def outcome(self, client_id: str = "C0") -> str:
        """How a client stands; "" when he was never screened."""
        found = self.desk.state.clientele.screened.get(client_id)
        return found.outcome if found else ""

    def version(self, client_id: str = "C0") -> str:
        """The lists that he was screened by."""
        return self.desk.state.clientele.screened[client_id].list_version


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Callable[..., Beside]]:
    """Make a desk with these clients besides those of the house."""
    made: list[Beside] = []

    def make(*names: str, **options: int) -> Beside:
        made.append(Beside(tmp_path, *names, **options))
        return made[-1]

    yield make
    for one in made:
        one.service.stop()


Make = Callable[..., Beside]


def test_everybody_has_a_verdict_before_the_door_opens(beside: Make) -> None:
    """The list was never accepted: it lies in a file of the configuration, and is taken in."""
    here = beside("Blackmarsh Example Trading", "Green Meadow Capital")
    here.start()
    assert (here.outcome("C0"), here.outcome("C1"), here.outcome("ALPHA")) == (BLOCK, CLEAR, CLEAR)
    assert here.desk.state.clientele.unscreened() == []


def test_who_comes_onto_a_list_is_found_and_who_leaves_it_is_let_go(beside: Make) -> None:
    """A refresh is held against everybody; all have a verdict of the new version then."""
    here = beside("Quiet Harbour Shipping", "Blackmarsh Example Trading")
    here.start()
    first = here.version()
    here.lists("1", "2", "3")
    here.updates()
    here.soon(lambda: here.outcome("C0") == BLOCK)
    here.soon(lambda: here.version("ALPHA") != first)
    assert here.outcome("C1") == BLOCK, "what an older list says still stands"
    news = [one for one in here.heard if isinstance(one, ScreeningVerdicts) and one.why]
    assert news, "only what is new was screened against"
    here.lists("2", "3")
    here.updates()
    here.soon(lambda: here.outcome("C1") == CLEAR)
    assert here.outcome("C0") == BLOCK


def test_news_of_the_lists_do_not_clear_who_has_changed_meanwhile(beside: Make) -> None:
    """He takes a name that was listed before; the whole verdict on it is said, and not decided."""
    here = beside("Green Meadow Capital")
    here.refreshed("1", "2", "3")
    here.service.observe(here.becomes("C0", "Blackmarsh Example Trading"))
    for _ in range(4):
        here.service._step()
    here.take()
    assert here.outcome() == BLOCK


def test_news_of_the_lists_say_nothing_of_who_changes_while_they_are_looked_through(
    beside: Make,
) -> None:
    """State has his new name, and the service has not heard of it."""
    here = beside("Green Meadow Capital")
    here.refreshed("1", "2", "3")
    told = here.becomes("C0", "Blackmarsh Example Trading")
    here.service._step()
    here.take()
    clientele = here.desk.state.clientele
    assert clientele.screened["C0"].subject_digest != clientele.digest_of("C0") or (
        here.outcome() == BLOCK
    )
    here.service.observe(told)
    for _ in range(3):
        here.service._step()
        here.take()
    assert here.outcome() == BLOCK


def test_a_verdict_is_stamped_with_what_was_screened(beside: Make) -> None:
    """A client who changes between two look-ups is not cleared by what he was before."""
    here = beside("Green Meadow Capital")
    here.service._step()
    here.take()
    known = here.desk.state.clientele
    old = known.clients["C0"]
    here.becomes("C0", "Blackmarsh Example Trading")
    here.service._clientele = _Torn(known, old)
    here.service._screen({"C0": None})
    here.take()
    assert known.screened["C0"].subject_digest != known.digest_of("C0")


class _Torn:
    """State as another thread may see it: the old client, and the digest of the new one."""

    def __init__(self, known: Clientele, old: Client) -> None:
        self.clients, self.screened = {old.client_id: old}, known.screened
        self.digest_of = known.digest_of


def test_an_entry_that_changes_is_one_hit_with_its_new_digest(beside: Make) -> None:
    """The old one is gone with it."""
    here = beside("Blackmarsh Example Trading FZE")
    here.start()
    (before,) = here.desk.state.clientele.screened["C0"].hits
    here.lists("1", "2", row1=ROWS["1"].replace("AE", "PA"))
    here.updates()
    here.soon(lambda: here.desk.state.clientele.screened["C0"].hits[0].entry_digest
              != before.entry_digest)  # fmt: skip
    (after,) = here.desk.state.clientele.screened["C0"].hits
    assert after.entry_id == before.entry_id


def test_other_thresholds_are_another_screening(beside: Make) -> None:
    """Who was clear at the old ones is looked at again, though the lists are the same."""
    here = beside("Green Meadow Capital")
    here.start()
    first = here.version()
    here.service.stop()
    other = here.config.screening.model_copy(update={"review_min": Decimal("0.80")})
    here.config = here.config.model_copy(update={"screening": other})
    here.service = here.made()
    here.start()
    here.soon(lambda: here.version() != first)


def test_a_client_who_changes_is_screened_at_once(beside: Make) -> None:
    """His new owner is listed, with her birth and country as pieces of the score."""
    here = beside("Green Meadow Capital")
    here.start()
    assert here.outcome() == CLEAR
    owner = Owner("Inventov, Nemo Exampleovich", Decimal(70), "1971-02-28", "RU")
    changed = structs.replace(
        here.desk.state.clientele.clients["C0"],
        profile=structs.replace(PROFILE, owners=(owner,)),
    )
    here.desk.state.clientele.take(Decision(clients=(changed,)))
    here.service.observe(Decision(clients=(changed,)))
    here.soon(lambda: here.outcome() == BLOCK)
    (hit,) = here.desk.state.clientele.screened["C0"].hits
    assert hit.party == "owner Inventov, Nemo Exampleovich, 1971-02-28, RU"
    assert "1971" in hit.pieces


def test_a_verdict_is_renewed_when_half_of_its_time_is_over(beside: Make) -> None:
    """So that it never grows too old while the service runs."""
    here = beside("Green Meadow Capital", age_max_days=2)
    here.start()
    at = here.desk.state.clientele.screened["C0"].at
    here.desk.at("+1h")
    here.later = DAY
    here.service._next_scan = 0.0
    here.service._wake.set()
    here.soon(lambda: here.desk.state.clientele.screened["C0"].at > at)


def test_a_worker_that_dies_is_told_and_replaced(beside: Make) -> None:
    """Its errand is done by the next one."""
    here = beside("Green Meadow Capital")
    here.start()
    pid = here.service._line.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    here.soon(lambda: here.service._line.pid not in (None, pid))
    here.lists("1", "2", "3")
    here.updates()
    here.soon(lambda: "own" in here.version() and here.service._lists.entries == 3)
    assert any(isinstance(one, ScreeningTrouble) for one in here.heard)


def test_a_worker_that_hangs_is_told_and_replaced(
    beside: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle: whoever waits is screened by the next one."""
    here = beside("Green Meadow Capital")
    here.start()
    monkeypatch.setattr(line, "SCREEN_S_MAX", 0.3)
    pid = here.service._line.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    here.service.observe(here.becomes("C0", "Blackmarsh Example Trading"))
    here.soon(lambda: here.outcome() == BLOCK)
    assert here.service._line.pid != pid


def test_staff_hears_that_a_list_is_old(beside: Make) -> None:
    """Nothing else would say so while the desk runs and its source is silent."""
    here = beside("Green Meadow Capital")
    here.updates()
    manifest = here.file.parent / "lists" / "own" / "current.json"
    found = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(found | {"checked_at": "2020-01-01T00:00:00+00:00"}))
    here.start()
    here.take()
    assert here.outcome() == CLEAR
    told = [one.what for one in here.heard if isinstance(one, ScreeningTrouble)]
    assert [one for one in told if "list own is" in one and "days old, at most 14" in one]


def test_without_an_accepted_list_nobody_is_cleared(beside: Make) -> None:
    """The file is spoilt and there is no older version: said once, closed, and mended later."""
    here = beside("Green Meadow Capital")
    here.file.write_text("not a list at all\n")
    here.start()
    here.take()
    assert here.outcome() == ""
    troubles = [one.what for one in here.heard if isinstance(one, ScreeningTrouble)]
    assert any("no accepted version of own" in what for what in troubles)
    here.lists("1", "2")
    here.updates()
    here.soon(lambda: here.outcome() == CLEAR)


@pytest.mark.parametrize(
    "name", ["\u2026 ---", "x " * 30 + "Blackmarsh Example Trading", "x" * 60 + "Blackmarsh"]
)
def test_a_name_that_cannot_be_compared_clears_nobody(beside: Make, name: str) -> None:
    """Nothing in it, too many words, a word too long: a person looks at it, also after news."""
    here = beside(name)
    here.start()
    here.take()
    assert here.outcome() == REVIEW
    (hit,) = here.desk.state.clientele.screened["C0"].hits
    assert hit.entry_id == "UNREAD"
    assert hit.party.startswith(f"client {name}")
    first = here.version()
    here.lists("1", "2", "3")
    here.updates()
    here.soon(lambda: here.version() != first)
    assert here.outcome() == REVIEW
    assert len(here.desk.state.clientele.screened["C0"].hits) == 1


def test_all_that_a_list_may_name_of_a_client_is_a_party() -> None:
    """Name, owners, bank by IBAN and BIC, wallets; each with a label for people."""
    profile = structs.replace(
        PROFILE,
        lei="529900T8BM49AURSDO55",
        owners=(Owner("Jane Doe", Decimal(60), "1970", "US-NY"), Owner("Holding AG")),
        banks=(BankAccount("CH93 0076 2011 6238 5295 7", "UBSWCHZH80A", "A Bank"),),
        wallets=(Wallet("ETH", "0x01"),),
    )
    name, jane, holding, bank, wallet = parties_of(client("ALPHA", profile=profile))
    assert name.label.startswith("client Alpha, ")
    assert jane.label == "owner Jane Doe, 1970, US-NY", "a namesake is another label"
    assert name.party.identifiers == (("LEI", "529900T8BM49AURSDO55"),)
    assert name.party.countries == ("CH",)
    assert (jane.party.births, jane.party.countries) == (("1970",), ("US",))
    assert holding.party.kind.value == "unknown", "an owner without a birth may be a company"
    assert bank.party.identifiers == (("IBAN", "CH9300762011623852957"), ("BIC", "UBSWCHZH80A"))
    assert wallet.party.addresses == (("ETH", "0x01"),)
