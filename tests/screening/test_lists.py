"""Accepted lists are kept: nothing older, spoilt or much smaller takes their place by itself."""

import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.config import Config, ListConfig, load
from otcfix.screening.lists import ListStore, Outcome
from otcfix.screening.lists_corpus import (
    check_lists,
    corpus,
    delta,
    merged,
    standing,
    store_of,
    update_lists,
)
from otcfix.screening.lists_fetch import fetched, found
from otcfix.screening.loaders import ListRefused
from tests.screening.fixtures import HERE, OFAC, ROOT, by_id, names, read

SHRINK = Decimal("0.20")
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEADER = "id,kind,name,aliases,dob,country,addresses,remarks"


@pytest.fixture
def store(tmp_path: Path) -> ListStore:
    """A folder without any list."""
    return ListStore(tmp_path / "sanctions")


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write an own list of so many entries."""

    def write(size: int, *, word: str = "Invented") -> list[Path]:
        path = tmp_path / "own.csv"
        rows = [f"{n},person,{word} Number {n},,,,," for n in range(size)]
        path.write_text("\n".join([HEADER, *rows, ""]))
        return [path]

    return write


OWN = ListConfig(name="own", format="own_csv", files=("own.csv",))
UN = ListConfig(name="un", format="un_xml", files=("un.xml",))
SDN = ListConfig(name="ofac_sdn", format="ofac_csv", files=("ofac",))


def take(
    store: ListStore, one: ListConfig, files: list[Path], at: datetime = AT, by: str = "kim"
) -> Outcome:
    """Update one list."""
    return store.update(one, files, shrink_max=SHRINK, by=by, at=at)


def un(folder: Path, dated: str, *, spoil: str = "") -> list[Path]:
    """The UN's list of another day."""
    path = folder / "un.xml"
    text = (HERE / "un.xml").read_text("utf-8").replace("2026-03-05", dated)
    path.write_text(text.replace("Nemo Inventoff", f"Nemo Inventoff {spoil}"), "utf-8")
    return [path]


# -- what is taken -----------------------------------------------------------------------------


def test_the_first_version_is_taken_and_told(store: ListStore) -> None:
    """Who took what and when stands in the manifest and in the log; its entries come back."""
    outcome = take(store, UN, [HERE / "un.xml"])

    assert outcome.what == "accepted"
    manifest = store.current("un")
    assert manifest is not None
    assert (manifest.dated, manifest.entries, manifest.names) == ("2026-03-05", 2, 9)
    assert (manifest.accepted_by, manifest.accepted_at) == ("kim", "2026-03-10T12:00:00.000+00:00")
    assert store.loaded(manifest).entries == read("un_xml").entries
    (row,) = store.logged("un")
    assert (row["what"], row["by"], row["sha256"]) == ("accepted", "kim", manifest.sha256)


def test_the_same_files_are_no_new_version(store: ListStore) -> None:
    """Only the time of the look moves on: that is what makes an undated list young."""
    take(store, UN, [HERE / "un.xml"])
    outcome = take(store, UN, [HERE / "un.xml"], AT + timedelta(days=3))

    assert outcome.what == "unchanged"
    manifest = store.current("un")
    assert manifest is not None
    assert manifest.accepted_at.startswith("2026-03-10")
    assert manifest.checked_at.startswith("2026-03-13")
    assert len(store.logged("un")) == 1


def test_a_newer_version_takes_the_place_of_the_old_one(store: ListStore, tmp_path: Path) -> None:
    """And the last versions stay on disk, not all of them."""
    for day in range(10, 16):
        assert take(store, UN, un(tmp_path, f"2026-03-{day}")).what == "accepted"

    manifest = store.current("un")
    assert manifest is not None
    assert manifest.dated == "2026-03-15"
    assert len(list((store.folder / "un/versions").iterdir())) == 3


# -- what is refused: the old one stays --------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda whole: b"", "empty"),
        (lambda whole: whole[: len(whole) // 2], "truncated"),
        (lambda whole: whole.replace(b"<ENTITIES>", b"<ENTITIES"), "not XML"),
        (lambda whole: whole.replace(b"2026-03-05", b"2026-03-04"), "older than the accepted one"),
        (lambda whole: whole.replace(b"UTF-8", b"UTF-16"), "expected UTF-8"),
    ],
)
def test_a_bad_version_is_refused_and_the_old_one_stays(
    store: ListStore, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    """Corrupt, truncated, empty, older, in the wrong encoding: refused, recorded, nothing moved."""
    take(store, UN, [HERE / "un.xml"])
    before = store.current("un")
    bad = tmp_path / "un.xml"
    bad.write_bytes(spoil((HERE / "un.xml").read_bytes()))

    outcome = take(store, UN, [bad], AT + timedelta(days=1))
    assert outcome.what == "refused"
    assert said in outcome.text
    assert store.current("un") == before
    assert store.loaded(before).entries == read("un_xml").entries  # type: ignore[arg-type]
    trouble = store.trouble("un")
    assert trouble is not None
    assert said in trouble["text"]


def test_a_refusal_is_over_when_a_good_version_came(store: ListStore, tmp_path: Path) -> None:
    """What status shows is what needs a person now."""
    take(store, UN, [tmp_path / "missing.xml"])
    assert store.trouble("un") is not None

    take(store, UN, [HERE / "un.xml"], AT + timedelta(minutes=1))
    assert store.trouble("un") is None
    assert [row["what"] for row in store.logged("un")] == ["refused", "accepted"]


def sdn(folder: Path, numbers: range) -> list[Path]:
    """An sdn.csv of these numbers."""
    path = folder / "sdn.csv"
    row = '{0},"INVENTED, Number {0}","individual","SDGT",' + "-0- ," * 7 + "-0- "
    path.write_text("\r\n".join(row.format(n) for n in numbers) + "\r\n\x1a")
    return [path]


def test_an_older_list_without_a_date_is_known_by_its_numbers(
    store: ListStore, tmp_path: Path
) -> None:
    """OFAC's CSV has no date, but its numbers only grow."""
    take(store, SDN, sdn(tmp_path, range(1, 101)))

    outcome = take(store, SDN, sdn(tmp_path, range(1, 91)))
    assert outcome.what == "refused"
    assert "older than the accepted one: 10 of the accepted entries" in outcome.text

    held = take(store, SDN, sdn(tmp_path, range(1, 100)))
    assert held.what == "held"
    assert "its 1 newest entries are gone" in held.text
    assert take(store, SDN, sdn(tmp_path, range(11, 105))).what == "accepted"


# -- what waits --------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "what"), [(80, "accepted"), (79, "held"), (1, "held")])
def test_a_list_that_shrinks_by_more_than_a_fifth_waits(
    store: ListStore, own: Callable[..., list[Path]], size: int, what: str
) -> None:
    """Exactly 20 % less is taken, one entry less waits; the accepted one stays meanwhile."""
    take(store, OWN, own(100))

    assert take(store, OWN, own(size, word="Other")).what == what
    manifest = store.current("own")
    assert manifest is not None
    assert manifest.entries == (size if what == "accepted" else 100)


def test_names_alone_may_shrink_too(store: ListStore, tmp_path: Path) -> None:
    """The same entries without their aliases: half of what is screened against is gone."""
    take(store, SDN, [HERE / file for file in OFAC])
    outcome = take(store, SDN, [HERE / OFAC[0], HERE / OFAC[3]])

    assert outcome.what == "held"
    assert "names shrink by" in outcome.text


def test_what_waits_is_taken_by_a_person_with_a_reason(
    store: ListStore, own: Callable[..., list[Path]]
) -> None:
    """Who and why stand in the manifest and in the log."""
    take(store, OWN, own(100))
    take(store, OWN, own(10))
    outcome = store.accept("own", why="the rest was doubled", by="lee", at=AT + timedelta(hours=1))

    assert outcome.what == "accepted"
    manifest = store.current("own")
    assert manifest is not None
    assert (manifest.entries, manifest.accepted_by, manifest.why) == (
        10, "lee", "the rest was doubled",
    )  # fmt: skip
    assert store.held("own") is None
    assert len(store.loaded(manifest).entries) == 10
    assert [row["what"] for row in store.logged("own")] == ["accepted", "held", "accepted"]
    assert store.logged("own")[-1]["text"] == "the rest was doubled"


def test_nothing_waits(store: ListStore) -> None:
    """A lawful no."""
    outcome = store.accept("own", why="x", by="lee")
    assert (outcome.what, outcome.text) == ("refused", "own: no version waits")


def test_what_waits_is_told_once_and_gone_with_the_next_good_one(
    store: ListStore, own: Callable[..., list[Path]]
) -> None:
    """A refresh every hour does not fill the log."""
    take(store, OWN, own(100))
    assert take(store, OWN, own(10)).what == "held"
    assert take(store, OWN, own(10)).what == "held"
    assert [row["what"] for row in store.logged("own")] == ["accepted", "held"]

    assert take(store, OWN, own(101)).what == "accepted"
    assert store.held("own") is None


def test_what_waited_and_was_spoilt_meanwhile(
    store: ListStore, own: Callable[..., list[Path]]
) -> None:
    """The bytes that are taken are those that were looked at."""
    take(store, OWN, own(100))
    held = take(store, OWN, own(10)).manifest
    assert held is not None
    kept = store.folder / "own/versions" / held.kept / "own.csv"
    kept.write_text(kept.read_text().replace("Invented", "Other"))

    outcome = store.accept("own", why="x", by="lee")
    assert outcome.what == "refused"
    assert "SHA-256" in outcome.text


# -- interruptions -----------------------------------------------------------------------------


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run *work* in another process that dies at its n-th write to disk; whether it got so far."""
    child = os.fork()
    if not child:
        left = [step]
        sync = os.fsync

        def fsync(handle: int) -> None:
            left[0] -= 1
            if not left[0]:
                os._exit(9)
            sync(handle)

        os.fsync = fsync  # type: ignore[assignment]
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_an_update_that_is_killed_leaves_the_old_list_or_the_new_one(
    store: ListStore, own: Callable[..., list[Path]]
) -> None:
    """At every single write; and the next update works."""
    take(store, OWN, own(100))
    states = []
    for step in range(1, 50):
        files = own(100 + step)
        if not killed_at(step, lambda files=files: take(store, OWN, files)):  # type: ignore[misc]
            break
        manifest = store.current("own")
        assert manifest is not None
        assert len(store.loaded(manifest).entries) == manifest.entries
        states.append(manifest.entries == 100 + step)
        assert take(store, OWN, own(100)).what in ("accepted", "unchanged")
    else:
        pytest.fail("never came to its end")
    assert False in states
    assert True in states, "killed after the swap: the new one"
    assert not list((store.folder / "own/versions").glob(".new-*"))


def test_spoilt_files_and_manifests_are_not_used(store: ListStore) -> None:
    """A list on disk that is not what was accepted clears nobody."""
    take(store, UN, [HERE / "un.xml"])
    manifest = store.current("un")
    assert manifest is not None
    path = store.folder / "un/versions" / manifest.kept / "un.xml"
    path.write_text(path.read_text("utf-8").replace("Nemo", "Omen"), "utf-8")
    with pytest.raises(ListRefused, match="not the files that were accepted"):
        store.loaded(manifest)

    (store.folder / "un/current.json").write_text("{")
    with pytest.raises(ListRefused, match=r"current\.json: spoilt manifest"):
        store.current("un")


def test_updates_at_once_come_one_after_the_other(
    store: ListStore, own: Callable[..., list[Path]], tmp_path: Path
) -> None:
    """Eight at a time: the last manifest fits its files, and the log has a line for each."""
    folders = []
    for n in range(8):
        folder = tmp_path / str(n)
        folder.mkdir()
        folders.append([Path(shutil.copy(own(100 + n)[0], folder))])
    workers = [threading.Thread(target=take, args=(store, OWN, files)) for files in folders]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    manifest = store.current("own")
    assert manifest is not None
    assert len(store.loaded(manifest).entries) == manifest.entries
    assert len(store.logged("own")) == 8


# -- all lists together ------------------------------------------------------------------------

SCREENING = f"""
folder = "{{folder}}"
[[list]]
name = "ofac_sdn"
format = "ofac_csv"
files = ["{HERE / "ofac"}"]
[[list]]
name = "un"
format = "un_xml"
files = ["{HERE / "un.xml"}"]
[[list]]
name = "crypto"
format = "addresses"
files = ["{HERE}/addresses_*.txt"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The shipped configuration with three lists of ours."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    text = SCREENING.format(folder=tmp_path / "sanctions")
    (tmp_path / "config/screening.toml").write_text(text)
    return load(tmp_path / "config")


def test_the_corpus_has_every_accepted_entry_once(config: Config) -> None:
    """With one version that changes with any list, and with what is missing."""
    empty = corpus(config)
    assert (empty.entries, empty.missing) == ((), ("ofac_sdn", "un", "crypto"))

    heard: list[str] = []
    outcomes = update_lists(config, by="kim", at=AT, tell=heard.append)
    assert [outcome.what for outcome in outcomes] == ["accepted"] * 3
    assert heard[0].startswith("ofac_sdn: reading 4 files")
    whole = corpus(config)
    assert len(whole.entries) == 5 + 2 + 3
    assert len({entry.entry_id for entry in whole.entries}) == len(whole.entries)
    assert whole.missing == ()
    assert whole.version.split()[1:] == ["crypto=undated", "ofac_sdn=no9005", "un=2026-03-05"]
    assert corpus(config) == whole


def test_an_update_of_one_list_from_another_place(config: Config, tmp_path: Path) -> None:
    """Only that one; its source stands in the manifest, and the version of all changes."""
    update_lists(config, by="kim", at=AT)
    before = corpus(config)
    path = un(tmp_path, "2026-03-09", spoil="Junior")[0]
    (outcome,) = update_lists(config, ["un"], given=[path], by="kim", at=AT)

    assert outcome.manifest is not None
    assert outcome.manifest.source == str(path)
    after = corpus(config)
    assert before.version.split()[0] != after.version.split()[0]
    changed = delta(before.entries, after.entries)
    assert [entry.entry_id for entry in changed.changed] == ["UN:EXi.001"]
    assert (changed.added, changed.removed) == ((), ())


def test_a_list_that_is_not_there_is_an_outcome_and_not_an_end(config: Config) -> None:
    """The others are taken in; the refusal is recorded."""
    text = (config.folder / "screening.toml").read_text()
    (config.folder / "screening.toml").write_text(text.replace("un.xml", "gone.xml"))
    config = load(config.folder)

    outcomes = update_lists(config, by="kim", at=AT)
    assert [outcome.what for outcome in outcomes] == ["accepted", "refused", "accepted"]
    assert corpus(config).missing == ("un",)
    assert store_of(config).logged("un")[0]["what"] == "refused"


def test_what_a_refresh_changed() -> None:
    """New entries, changed ones (the new), removed ones (the old); nothing for the same."""
    old = read("ofac_csv").entries
    new = (*old[1:4], *read("own_csv").entries, merged(old[4], read("un_xml").entries[0]))

    found = delta(old, new)
    assert [entry.entry_id for entry in found.added] == ["OWN:17", "OWN:b-2", "OWN:w"]
    assert [entry.entry_id for entry in found.changed] == ["OFAC:9005"]
    assert [entry.entry_id for entry in found.removed] == ["OFAC:9001"]
    assert delta(old, old) == delta((), ())


def test_one_entity_on_two_editions_of_a_list_is_one_entry() -> None:
    """OFAC's CSV and XML side by side: all names, births and addresses of both."""
    both = merged(by_id(read("ofac_csv"))["OFAC:9001"], by_id(read("ofac_xml"))["OFAC:9001"])

    assert "Инвентов" in names(both)
    assert "INVENTOFF, Niemand" in names(both)
    assert both.births == ("1961-02-04", "1962", "1970")
    assert both.digest != by_id(read("ofac_csv"))["OFAC:9001"].digest


def test_standing_tells_age_and_trouble(config: Config, tmp_path: Path) -> None:
    """A dated list ages from its date, another from the last look at its source."""
    assert all("no version was accepted" in row["problems"][0] for row in standing(config, AT))
    update_lists(config, by="kim", at=AT)
    rows = {row["list"]: row for row in standing(config, AT + timedelta(days=9))}
    assert [row["ok"] for row in rows.values()] == [True, True, True]
    assert (rows["un"]["age_days"], rows["ofac_sdn"]["age_days"]) == (14, 9)

    rows = {row["list"]: row for row in standing(config, AT + timedelta(days=10))}
    assert rows["un"]["problems"] == ["15 days old, at most 14"]
    update_lists(config, ["un"], given=[tmp_path / "gone.xml"], by="kim", at=AT)
    (row,) = [row for row in standing(config, AT) if row["list"] == "un"]
    assert "the last update was refused" in row["problems"][0]


def test_check_tells_what_cannot_be_read(config: Config) -> None:
    """A file is a problem; an old list is a warning; nothing is changed by looking."""
    assert check_lists(config, AT) == ([], [])
    assert not store_of(config).folder.exists()

    text = (config.folder / "screening.toml").read_text()
    (config.folder / "screening.toml").write_text(text.replace("un.xml", "eu.csv"))
    problems, _ = check_lists(load(config.folder), AT)
    assert len(problems) == 1
    assert "screening.toml: list un.files: " in problems[0]
    assert "eu.csv" in problems[0]

    update_lists(config, by="kim", at=AT)
    _, warnings = check_lists(config, AT + timedelta(days=100))
    assert any("list un: 105 days old, at most 14" in warning for warning in warnings)


def test_check_tells_a_spoilt_manifest_a_folder_that_cannot_be_and_no_list(
    config: Config, tmp_path: Path
) -> None:
    """Each keeps every client from being cleared: it is told before the desk starts."""
    update_lists(config, by="kim", at=AT)
    (store_of(config).folder / "un" / "current.json").write_text("{")
    problems, _ = check_lists(config, AT)
    assert len(problems) == 1
    assert "un/current.json: spoilt manifest (delete it, and update)" in problems[0]

    (tmp_path / "a_file").write_text("")
    settings = config.screening.model_copy(update={"folder": str(tmp_path / "a_file" / "lists")})
    problems, _ = check_lists(config.model_copy(update={"screening": settings}), AT)
    where = f"{config.folder / 'screening.toml'}: folder: {tmp_path / 'a_file'}"
    assert problems == [f"{where} is not a folder that can be written to"]
    none = config.screening.model_copy(update={"list": ()})
    _, warnings = check_lists(config.model_copy(update={"screening": none}), AT)
    assert "list: there is none: nobody can be cleared, nobody is quoted" in warnings[0]


# -- files and addresses -----------------------------------------------------------------------


def test_names_of_files_folders_and_patterns(tmp_path: Path) -> None:
    """Each stands for files; one that stands for none is refused."""
    assert [path.name for path in found([HERE / "ofac"], "ofac_csv")] == [
        "add.csv", "alt.csv", "sdn.csv", "sdn_comments.csv",
    ]  # fmt: skip
    assert len(found([HERE / "addresses_*.txt", HERE / "addresses_ETH.txt"], "addresses")) == 2
    for name, said in (
        (tmp_path, "no .xml file in this folder"), (tmp_path / "*.xml", "no such files"),
        (tmp_path / "un.xml", "no such file"),
    ):  # fmt: skip
        with pytest.raises(ListRefused, match=said):
            found([name], "un_xml")


class _Publisher(http.server.BaseHTTPRequestHandler):
    """Serves un.xml; and answers that are cut, missing, or too large."""

    def do_GET(self) -> None:
        body, path = (HERE / "un.xml").read_bytes(), self.path.partition("?")[0]
        if path == "/gone.xml":
            self.send_error(404)
            return
        if path == "/away.xml":
            self.send_response(302)
            self.send_header("Location", (HERE / "un.xml").as_uri())
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:100] if path == "/cut.xml" else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[str]:
    """A web server with a list; its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Publisher) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_list_is_fetched(config: Config, publisher: str) -> None:
    """Over the network into a temporary file, then as any other; the token is not kept."""
    text = (config.folder / "screening.toml").read_text()
    old = f'files = ["{HERE / "un.xml"}"]'
    assert old in text
    new = f'urls = ["{publisher}/un.xml?token=secret"]'
    (config.folder / "screening.toml").write_text(text.replace(old, new))
    config = load(config.folder)

    (outcome,) = update_lists(config, ["un"], by="kim", at=AT)
    assert outcome.what == "accepted", outcome.text
    assert outcome.manifest is not None
    assert outcome.manifest.source == f"{publisher}/un.xml"
    assert len(corpus(config).entries) == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.xml", "answered 404"),
        ("cut.xml", "truncated|cannot be fetched"),
        ("away.xml", "cannot be fetched|answered 302"),
    ],
)
def test_an_answer_that_is_no_list(tmp_path: Path, publisher: str, name: str, said: str) -> None:
    """Refused, without the token of the address; a redirect to a local file is not followed."""
    with pytest.raises(ListRefused, match=said) as error:
        fetched(f"{publisher}/{name}?token=secret", tmp_path)
    assert "secret" not in str(error.value)


def test_an_answer_without_end_and_no_answer_at_all(tmp_path: Path, publisher: str) -> None:
    """Bounded in size; nobody there is a refusal."""
    with pytest.raises(ListRefused, match="more than 1000 bytes"):
        fetched(f"{publisher}/un.xml", tmp_path, bytes_max=1000)
    with pytest.raises(ListRefused, match="cannot be fetched"):
        fetched("http://127.0.0.1:1/un.xml", tmp_path)


def test_an_answer_that_takes_too_long(
    tmp_path: Path, publisher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that sends a byte a minute does not hold up the other lists."""
    monkeypatch.setattr("otcfix.screening.lists_fetch.TOTAL_S", -1.0)
    with pytest.raises(ListRefused, match="not there after"):
        fetched(f"{publisher}/un.xml", tmp_path)
