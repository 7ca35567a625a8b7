"""Each format of a published list becomes the same kind of entry."""

from pathlib import Path
from typing import get_args

import pytest

from otcfix.config.screening import Format
from otcfix.screening.countries import country_code
from otcfix.screening.entry import Entry, Kind, ListedName
from otcfix.screening.loaders import FORMATS, load
from otcfix.screening.loaders.dates import in_figures, in_words
from otcfix.screening.loaders.draft import digested
from otcfix.screening.loaders.un_xml import names_in
from tests.screening.fixtures import HERE, LISTS, OFAC, by_id, names, read

ETH = "0x00000000000000000000000000000000000E4a17"
XBT = "1InventedInventedInventedInvented1"


def test_every_format_of_the_configuration_has_its_loader_and_its_fixture() -> None:
    """A name that screening.toml takes can be read, and is read here."""
    assert set(get_args(Format)) == set(FORMATS) == set(LISTS)


# -- OFAC --------------------------------------------------------------------------------------


def test_ofac_joins_its_four_files() -> None:
    """Aliases, the countries of addresses and the overflow of remarks come to their entity."""
    loaded = read("ofac_csv")
    nemo = by_id(loaded)["OFAC:9001"]

    assert nemo.kind is Kind.PERSON
    assert names(nemo) == [
        "INVENTOV, Nemo Exampleovich", "INVENTOFF, Niemand", "~THE INVENTOR", "~NEMO'S MAN",
    ]  # fmt: skip
    assert nemo.births == ("1961-02-04", "1962")
    assert nemo.countries == ("AE", "IR", "KP", "SY")
    assert nemo.programmes == ("IRAN", "SDGT")
    assert nemo.identifiers == (
        ("national id", "99-001"), ("passport", "X1234567"), ("tax id", "555"),
    )  # fmt: skip
    assert loaded.top == 9005
    assert loaded.warnings == ()


def test_ofac_reads_an_address_that_is_cut_between_remark_and_overflow() -> None:
    """The column ends after `XBT 1Invented`; the file of comments goes on."""
    assert by_id(read("ofac_csv"))["OFAC:9001"].addresses == (
        ("XBT", XBT), ("XMR", "4InventedInventedInventedInvented"),
    )  # fmt: skip


def test_ofac_organisations_vessels_and_aircraft_have_their_numbers() -> None:
    """BIC, LEI, IMO, MMSI and tail numbers can be looked up."""
    found = by_id(read("ofac_csv"))

    assert found["OFAC:9002"].kind is Kind.ORGANISATION
    assert found["OFAC:9002"].identifiers == (
        ("BIC", "EXMPAEAD"), ("LEI", "529900EXAMPLE0000X12"), ("registration", "7-001"),
    )  # fmt: skip
    assert found["OFAC:9002"].addresses == (
        ("ETH", ETH), ("USDT", "TInventedInventedInventedInvented1"),
    )  # fmt: skip
    assert found["OFAC:9003"].kind is Kind.VESSEL
    assert found["OFAC:9003"].countries == ("PA",)
    assert found["OFAC:9003"].identifiers == (("IMO", "9990001"), ("MMSI", "999000111"))
    assert found["OFAC:9004"].kind is Kind.AIRCRAFT
    assert found["OFAC:9004"].births == ("1957", "1958", "1959")
    assert found["OFAC:9005"].remarks == ""


def test_ofac_with_a_header_row_of_a_republisher(tmp_path: Path) -> None:
    """Column names in front, 0x1A as a row of its own behind: the same entries."""
    text = (HERE / "ofac/sdn.csv").read_text("ascii").removesuffix("\x1a")
    header = "ID,Name,Type,Country,Title,F,G,H,I,J,K,Details\r\n"
    (tmp_path / "sdn.csv").write_text(f"{header}{text}\x1a,,,,,,,,,,,")

    again = read("ofac_csv", tmp_path / "sdn.csv", *OFAC[1:])
    assert again.entries == read("ofac_csv").entries


def test_ofac_without_comments_says_what_is_missing(tmp_path: Path) -> None:
    """A remark cut at 1,000 characters may have lost an address: nobody should not know."""
    loaded = read("ofac_csv", *OFAC[:3])

    assert by_id(loaded)["OFAC:9001"].addresses == ()
    assert "1 remarks are cut at 1000 characters and have no overflow" in loaded.warnings[0]
    assert "aliases are missing" in read("ofac_csv", OFAC[0], OFAC[3]).warnings[0]


def test_ofac_aliases_of_nobody_can_be_kept(tmp_path: Path) -> None:
    """Files of different dates: an alias or an address without a primary row still counts."""
    (tmp_path / "alt.csv").write_text('9001,1,"aka","NIEMAND",-0- \r\n9777,2,"aka","LOST",-0- \r\n')
    (tmp_path / "sdn_comments.csv").write_text(
        f'9888,"alt. Digital Currency Address - XBT {XBT}."\r\n'
    )
    files = (OFAC[0], tmp_path / "alt.csv", tmp_path / "sdn_comments.csv")

    loaded = read("ofac_csv", *files, orphans="keep")
    found = by_id(loaded)
    assert names(found["OFAC:9777"]) == ["LOST"]
    assert found["OFAC:9777"].kind is Kind.UNKNOWN
    assert found["OFAC:9888"].addresses == (("XBT", XBT),)
    assert loaded.top == 9777
    assert any("without a primary row" in warning for warning in loaded.warnings)


def test_ofac_consolidated_numbers_are_not_those_of_the_sdn_list(tmp_path: Path) -> None:
    """Both lists count for themselves: their ids must not meet."""
    for word, file in zip(("prim", "alt", "add", "comments"), OFAC, strict=True):
        (tmp_path / f"cons_{word}.csv").write_bytes((HERE / file).read_bytes())

    loaded = load("ofac_consolidated", "ofac_csv", list(tmp_path.iterdir()))
    assert loaded.entries[0].entry_id == "OFAC-CONS:9001"
    assert loaded.entries[0].list_name == "ofac_consolidated"


def test_ofac_advanced_xml() -> None:
    """Types, places and documents are looked up by number; programmes stand behind the parties."""
    loaded = read("ofac_xml")
    found = by_id(loaded)
    nemo = found["OFAC:9001"]

    assert loaded.dated == "2026-03-05"
    assert names(nemo) == ["Inventov, Nemo", "Инвентов", "~THE EXAMPLE"]
    assert [name.original_script for name in nemo.names] == [False, True, False]
    assert nemo.kind is Kind.PERSON
    assert nemo.births == ("1961-02-04", "1970")
    assert nemo.countries == ("IR", "KP")
    assert nemo.addresses == (("XBT", XBT),)
    assert nemo.identifiers == (("passport", "X1234567"),)
    assert (nemo.programmes, nemo.listed_on) == (("SDGT",), "2014-07-29")
    assert found["OFAC:9002"].kind is Kind.ORGANISATION
    assert found["OFAC:9002"].countries == ("AE",)
    assert found["OFAC:9002"].addresses == (("ETH", ETH),)
    assert found["OFAC:9003"].kind is Kind.VESSEL
    assert found["OFAC:9003"].identifiers == (("IMO", "9990001"),)


# -- the UN, the EU, the UK --------------------------------------------------------------------


def test_un_xml() -> None:
    """Names in parts, aliases good and low, births exact, about and between."""
    loaded = read("un_xml")
    nemo = by_id(loaded)["UN:EXi.001"]

    assert loaded.dated == "2026-03-05"
    assert names(nemo) == [
        "Nemo Exampleovich Inventov", "Немо Примерович", "Nemo Inventoff", "Niemo Inventow",
        "~Abu Mithal", "~أبو مثال", "Nemo Nobody",
    ]  # fmt: skip
    assert nemo.births == ("1961-02-04", "1965", "1970", "1971", "1972")
    assert nemo.countries == ("IR", "KP", "SY")
    assert nemo.identifiers == (("national id", "99-001"), ("passport", "X1234567"))
    assert nemo.listed_on == "2005-11-01"
    assert nemo.remarks == "Invented & nobody."
    assert names(by_id(loaded)["UN:EXe.002"]) == [
        "BLACKMARSH EXAMPLE TRADING", "Blackmarsh and Sons",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ali A; Aly A", ["Ali A", "Aly A"]),
        ("Ali A b) M. Ali; Aly", ["Ali A", "M. Ali", "Aly"]),
        ("Ali (علي)", ["Ali", "علي"]),
        ("علي (Ali; Aly)", ["علي", "Ali", "Aly"]),
        ("Ali (original script: Али)", ["Ali", "Али"]),
        ("Ali (birth name)", ["Ali"]),
        ("Ali (Aly; A. Li", ["Ali", "Aly", "A. Li"]),
        ("(Sheikh) Ali", ["Ali"]),
        ("(Ali)", ["Ali"]),
        ("(Ali; Aly)", ["Ali", "Aly"]),
        ("Ali A, born 1 Jan. 1953 (no passport)", ["Ali A"]),
        ("Ali (علي (original script); Aly; A. Li)", ["Ali", "علي", "Aly", "A. Li"]),
        ("Ali (false identity; passport 03825239)", ["Ali", "false identity"]),
        ("Example Army (EXA)", ["Example Army (EXA)"]),
        ("", []),
    ],
)
def test_un_aliases_that_hold_several_names(text: str, expected: list[str]) -> None:
    """The list puts spellings, scripts and remarks into one field."""
    assert [name for name, _ in names_in(text)] == expected


def test_an_acronym_in_brackets_is_a_weak_name_of_an_organisation(tmp_path: Path) -> None:
    """And the name is listed without it too; (PVT) and (HK) are no acronyms of what is before."""
    text = (HERE / "un.xml").read_text("utf-8")
    text = text.replace("BLACKMARSH EXAMPLE TRADING", "BLACKMARSH ET (BET) ; DULLMARSH (PVT) LTD")
    (tmp_path / "un.xml").write_text(text, "utf-8")

    assert names(by_id(read("un_xml", tmp_path / "un.xml"))["UN:EXe.002"]) == [
        "BLACKMARSH ET (BET)", "DULLMARSH (PVT) LTD", "Blackmarsh and Sons",
        "BLACKMARSH ET", "~BET",
    ]  # fmt: skip


def test_eu_csv_merges_the_rows_of_an_entity() -> None:
    """One row for each alias, birth, document and citizenship; quotes and lines within a cell."""
    loaded = read("eu_csv")
    nemo = by_id(loaded)["EU:13"]

    assert loaded.dated == "2026-03-05"
    assert names(nemo) == [
        "Nemo Exampleovich Inventov", "Немо Инвентов", "Niemand Inventoff", "~The Example",
    ]  # fmt: skip
    assert nemo.births == ("1961-02-04", "1962", "1970", "1971", "1972")
    assert nemo.countries == ("IR", "SY")
    assert nemo.identifiers == (("passport", "X1234567"),)
    assert nemo.remarks == 'Invented; "nobody" at all'
    other = by_id(loaded)["EU:14"]
    assert other.kind is Kind.ORGANISATION
    assert names(other) == ['Blackmarsh "Example" Trading; branch Dubai']
    assert other.identifiers == (("BIC", "EXMPAEAD"),)


def test_uk_conlist_merges_the_rows_of_a_group() -> None:
    """The date is the first line; Name 6 is the surname; a cell may hold (1) and (2)."""
    loaded = read("uk_csv")
    nemo = by_id(loaded)["UK:7001"]

    assert loaded.dated == "2026-03-05"
    assert names(nemo) == [
        "Nemo Exampleovich INVENTOV", "Немо Инвентов", "Niemand INVENTOFF", "~THE EXAMPLE",
    ]  # fmt: skip
    assert nemo.births == ("1961-02-04", "1962")
    assert nemo.countries == ("IR", "SY")
    assert nemo.identifiers == (("passport", "X1234567"), ("passport", "X7654321"))
    assert nemo.listed_on == "2014-07-29"
    assert by_id(loaded)["UK:7003"].names[0].text == "CAFÉ EXEMPLAIRE"


def test_uk_sanctions_list_which_took_its_place() -> None:
    """OFSI's group id stays the id of who has one."""
    loaded = read("uk_csv", "uk_list.csv")
    found = by_id(loaded)

    assert loaded.dated == "2026-02-13"
    assert names(found["UK:7001"]) == ["Nemo INVENTOV", "~BMX"]
    assert found["UK:7001"].births == ("1961",)
    assert found["UK:EXA0002"].kind is Kind.VESSEL
    assert found["UK:EXA0002"].identifiers == (("IMO", "9990001"),)


# -- the desk's own ----------------------------------------------------------------------------


def test_own_csv() -> None:
    """Several values between bars, `~` in front of a weak alias, wallets without a name."""
    found = by_id(read("own_csv"))

    assert names(found["OWN:17"]) == ["Inventov, Nemo", "Nemo Inventoff", "~The Example"]
    assert found["OWN:17"].births == ("1961-02-04", "1962")
    assert found["OWN:17"].countries == ("IR", "KP")
    assert found["OWN:17"].identifiers == (("passport", "X1234567"),)
    assert found["OWN:b-2"].identifiers == (("BIC", "EXMPAEAD"),)
    assert found["OWN:w"].names == ()
    assert [asset for asset, _ in found["OWN:w"].addresses] == ["TRX", "XBT"]


def test_addresses_keep_their_letters_and_take_the_asset_from_the_file() -> None:
    """Base58 is case-sensitive: nothing is lowered here."""
    loaded = read("addresses")

    assert loaded.addresses == 3
    assert by_id(loaded)[f"CRYPTO:{ETH}"].addresses == (("ETH", ETH),)
    assert by_id(loaded)[f"CRYPTO:{XBT}"].addresses == (("XBT", XBT),)


# -- pieces ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22 May 1964", ["1964-05-22"]),
        ("circa 1965", ["1965"]),
        ("Jan 1970", ["1970-01"]),
        ("1957 to 1959", ["1957", "1958", "1959"]),
        ("01 Jan 1961 to 31 Dec 1961", ["1961"]),
        ("1900 to 1990", []),
        ("31 Feb 1964", ["1964-02"]),
        ("unknown", []),
    ],
)
def test_dates_in_words(text: str, expected: list[str]) -> None:
    """OFAC's ways to write a birth."""
    assert in_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1965-03-01", "1965-03-01"), ("1965-3", "1965-03"), ("1965", "1965"),
        ("01/03/1965", "1965-03-01"), ("00/00/1965", "1965"), ("00/03/1965", "1965-03"),
        ("dd/mm/1965", "1965"), ("29/02/2023", "2023-02"), ("2026-02-27T00:00", "2026-02-27"),
        ("0000", ""), ("soon", ""), ("", ""),
    ],
)  # fmt: skip
def test_dates_in_figures(text: str, expected: str) -> None:
    """The others' ways; what cannot be a day is a month, or a year."""
    assert in_figures(text) == expected


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Korea, North", "KP"), ("Democratic People's Republic of Korea", "KP"),
        ("Iran (Islamic Republic of)", "IR"), ("IRAN", "IR"), ("Türkiye", "TR"), ("Turkey", "TR"),
        ("Côte d’Ivoire", "CI"), ("the Philippines", "PH"),
        ("Congo, Democratic Republic of the", "CD"),
        ("Burma", "MM"), ("ru", "RU"), ("XX", ""), ("Exampleville", ""),
    ],
)  # fmt: skip
def test_countries(name: str, code: str) -> None:
    """Every list has names of its own for them."""
    assert country_code(name) == code


def test_the_digest_changes_with_anything_an_entry_says(tmp_path: Path) -> None:
    """A changed entry is seen by its digest, an unchanged one in another file is not."""
    text = (HERE / "own.csv").read_text()
    (tmp_path / "own.csv").write_text(text.replace("1961-02-04", "1961-02-05"))
    before, after = by_id(read("own_csv")), by_id(read("own_csv", tmp_path / "own.csv"))

    assert before["OWN:17"].digest != after["OWN:17"].digest
    assert before["OWN:b-2"].digest == after["OWN:b-2"].digest


def test_the_digest_does_not_change_with_the_order_of_names() -> None:
    """A list that is written out anew is no news."""
    first, second = ListedName("Nemo Inventov"), ListedName("N. Exampleovich", weak=True)
    one, other = (
        digested(Entry("own", "OWN:1", Kind.PERSON, names, countries=countries))
        for names, countries in (((first, second), ("CH", "RU")), ((second, first), ("RU", "CH")))
    )
    assert one.digest == other.digest
