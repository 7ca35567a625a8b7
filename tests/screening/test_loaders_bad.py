"""What is wrong with a file is refused with file, line and reason; a row or two is skipped."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otcfix.screening.loaders import FORMATS, ListRefused, load
from tests.screening.fixtures import HERE, LISTS, OFAC, by_id, copied, read


def refused(format_name: str, *files: str | Path, orphans: str = "refuse") -> str:
    """What is said of files that must be refused."""
    with pytest.raises(ListRefused) as error:
        read(format_name, *files, orphans=orphans)
    return str(error.value)


def own(folder: Path, *rows: str) -> Path:
    """An own list of these rows."""
    path = folder / "own.csv"
    path.write_text("\n".join(["id,kind,name,aliases,dob,country,addresses,remarks", *rows, ""]))
    return path


def many(folder: Path, rows: int = 1_000) -> Path:
    """An sdn.csv of so many invented entries."""
    row = '{0},"INVENTED, Number {0}","individual","SDGT",' + "-0- ," * 7 + '"DOB 1961."'
    path = folder / "sdn.csv"
    path.write_text("\r\n".join(row.format(n) for n in range(1, rows + 1)) + "\r\n\x1a")
    return path


# -- every format ------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\r\n\x1a", "empty|not XML"),
        ("id,kind,name".encode("utf-16"), "UTF-16"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00\x00", "binary|not XML"),
        (b"<html><body>Service unavailable</body></html>", "."),
        (b'{"error": "quota exceeded"}', "."),
    ],
)
def test_what_is_no_list_at_all(
    tmp_path: Path, format_name: str, content: bytes, said: str
) -> None:
    """Nothing, another encoding, a program, an error page: refused, with the file's name."""
    files = copied(tmp_path, format_name)
    files[0].write_bytes(content)

    text = refused(format_name, *files)
    assert files[0].name in text
    assert re.search(said, text)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_that_is_not_there(tmp_path: Path, format_name: str) -> None:
    """Refused, as anything else that cannot be read."""
    assert "cannot be read" in refused(format_name, tmp_path / "sdn_XBT.csv")


@pytest.mark.parametrize("format_name", ["ofac_xml", "un_xml"])
def test_xml_that_ends_early(tmp_path: Path, format_name: str) -> None:
    """Wherever it is cut."""
    (path,) = copied(tmp_path, format_name)
    whole = path.read_bytes()
    for size in range(len(whole.rstrip()) - 1, 0, -97):
        path.write_bytes(whole[:size])
        assert re.search("truncated|not XML|cannot be read", refused(format_name, path)), size


@pytest.mark.parametrize("format_name", ["eu_csv", "uk_csv", "own_csv"])
def test_csv_that_ends_within_a_row(tmp_path: Path, format_name: str) -> None:
    """A last row with fewer columns, or with an open quote, is a file that was cut."""
    (path,) = copied(tmp_path, format_name)
    whole = path.read_bytes().rstrip()
    last = whole.rindex(b"\n")
    for size in (last + 2, last + 8):
        path.write_bytes(whole[:size])
        assert "truncated" in refused(format_name, path)


def test_ofac_csv_that_ends_within_a_row(tmp_path: Path) -> None:
    """In a quote, between columns, or in the last, unquoted one."""
    files = copied(tmp_path, "ofac_csv")
    for path in files:
        whole = path.read_bytes()
        end = whole.rindex(b"\r\n")
        start = whole.rindex(b"\r\n", 0, end) + 2 if b"\r\n" in whole[:end] else 0
        for size in (start + 2, start + 12, end - 2, end):
            path.write_bytes(whole[:size])
            assert "truncated" in refused("ofac_csv", *files), (path.name, size - start)
        path.write_bytes(whole)
    assert read("ofac_csv", *files).entries


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.parametrize("format_name", FORMATS)
def test_no_bytes_raise_anything_but_a_refusal(
    tmp_path: Path, format_name: str, data: st.DataObject
) -> None:
    """Noise, a list with noise in the middle, a list with a piece gone or doubled."""
    files = copied(tmp_path, format_name)
    path = files[data.draw(st.integers(0, len(files) - 1))]
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    to = min(len(whole), at + data.draw(st.integers(0, 60)))
    noise = data.draw(
        st.binary(max_size=40)
        | st.sampled_from([b'"', b"\n", b";", b",", b"\x1a", b"\x00", b"<", b"&x;", b"\xff", whole])
    )
    path.write_bytes(data.draw(st.sampled_from([noise, whole[:at] + noise + whole[to:]])))
    orphans = data.draw(st.sampled_from(["keep", "refuse"]))
    try:
        loaded = load(LISTS[format_name][0], format_name, files, orphans=orphans)
    except ListRefused:
        pass
    else:
        assert loaded.entries
        assert len(by_id(loaded)) == len(loaded.entries)


# -- encodings and quoting ---------------------------------------------------------------------


def test_cp1252_where_the_format_allows_it(tmp_path: Path) -> None:
    """OFAC's and the UK's old files: read, with a warning that names the line."""
    path = tmp_path / "uk_conlist.csv"
    text = (HERE / "uk_conlist.csv").read_text("utf-8").replace("Немо Инвентов", "")
    path.write_bytes(text.encode("cp1252"))

    loaded = read("uk_csv", path)
    assert by_id(loaded)["UK:7003"].names[0].text == "CAFÉ EXEMPLAIRE"
    assert any("line 7" in warning and "cp1252" in warning for warning in loaded.warnings)


@pytest.mark.parametrize("format_name", ["eu_csv", "own_csv", "addresses"])
def test_cp1252_where_it_is_not_allowed(tmp_path: Path, format_name: str) -> None:
    """Refused, naming the byte's line."""
    files = copied(tmp_path, format_name)
    files[0].write_bytes(files[0].read_bytes() + "MÜLLER".encode("cp1252"))

    assert re.search(r":\d+: not UTF-8: byte 0xdc", refused(format_name, *files))


def test_utf_8_with_a_broken_letter_is_not_taken_for_cp1252(tmp_path: Path) -> None:
    """Read as cp1252 every other name would be spoilt, without a word."""
    path = tmp_path / "uk_conlist.csv"
    path.write_bytes((HERE / "uk_conlist.csv").read_bytes() + b"\xe9")

    assert re.search("some of it UTF-8, some not|neither UTF-8 nor", refused("uk_csv", path))


@pytest.mark.parametrize("format_name", ["un_xml", "uk_csv", "ofac_xml"])
def test_names_that_went_through_a_wrong_encoding(tmp_path: Path, format_name: str) -> None:
    """UTF-8 read as Latin-1 and written again is valid, and matches nobody."""
    (path,) = copied(tmp_path, format_name)
    path.write_bytes(path.read_bytes().decode("latin-1").encode("utf-8"))

    assert "wrong encoding" in refused(format_name, path)


def test_a_quote_out_of_place_costs_that_row_only(tmp_path: Path) -> None:
    """One row in a thousand: told with its line; every other entry is there."""
    path = many(tmp_path)
    text = path.read_text().replace('"INVENTED, Number 500"', '"INVENTED, "Number 500"')
    path.write_text(text)

    loaded = read("ofac_csv", path, OFAC[1], orphans="keep")
    assert "OFAC:499" in by_id(loaded)
    assert "OFAC:501" in by_id(loaded)
    assert "OFAC:500" not in by_id(loaded)
    assert any(w.startswith("sdn.csv:500: ") for w in loaded.warnings)


def test_a_quote_meant_as_a_letter_costs_nothing(tmp_path: Path) -> None:
    """A row that has all its columns as it stands is used; it would be a name not screened."""
    path = many(tmp_path)
    path.write_text(path.read_text().replace('"SDGT"', '"SDGT" X', 1))

    loaded = read("ofac_csv", path, OFAC[1], orphans="keep")
    assert any("quoting" in warning for warning in loaded.warnings)


def test_quoting_gone_wrong_throughout(tmp_path: Path) -> None:
    """More than one row in a hundred: refused, with the first of them."""
    path = many(tmp_path)
    text = re.sub(
        r'"INVENTED, Number (\d+)"', r'"INVENTED, "Number \1"', path.read_text(), count=11
    )
    path.write_text(text)

    said = refused("ofac_csv", path, OFAC[1], orphans="keep")
    assert "11 of 1000 rows cannot be read (at most 1 %)" in said
    assert "line 1: quoting" in said


def test_an_open_quote_swallows_nothing(tmp_path: Path) -> None:
    """A quote that is never closed may not make one cell of the rest of the file."""
    path = many(tmp_path)
    path.write_text(path.read_text().replace('Number 500"', "Number 500"))
    loaded = read("ofac_csv", path, OFAC[1], orphans="keep")
    assert {f"OFAC:{n}" for n in range(1, 1_001)} - set(by_id(loaded)) <= {"OFAC:500"}

    path.write_text(path.read_text().replace('Number 998"', "Number 998"))
    assert "truncated, or a quote that is never closed" in refused("ofac_csv", path, OFAC[1])


# -- rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "fails"), [(10, False), (11, True)])
def test_rows_of_the_wrong_width(tmp_path: Path, bad: int, fails: bool) -> None:
    """Up to one in a hundred is skipped with a warning each; more refuse the file."""
    path = many(tmp_path)
    text = path.read_text().replace('"individual",', '"individual",-0- ,', bad)
    path.write_text(text)

    if fails:
        assert "11 of 1000 rows" in refused("ofac_csv", path)
        return
    loaded = read("ofac_csv", path)
    assert len(loaded.entries) == 990
    assert "sdn.csv:1: skipped: 13 columns, expected 12" in loaded.warnings


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ('"9001x"', "ent_num '9001x', expected a number"),
        ("-0- ", "ent_num '-0-', expected a number"),
        ("9002", "ent_num 9002 stands there twice"),
    ],
)
def test_numbers_that_are_none(tmp_path: Path, new: str, said: str) -> None:
    """An entity that nothing can be joined to, or two under one number."""
    path = tmp_path / "sdn.csv"
    rows = (HERE / "ofac/sdn.csv").read_text().split("\r\n")
    path.write_text("\r\n".join([*rows[1:-1], rows[0].replace("9001", new, 1), rows[-1]]))

    assert said in refused("ofac_csv", path)


@pytest.mark.parametrize(
    ("file", "row", "said"),
    [
        ("alt.csv", '9777,1,"aka","LOST",-0- \r\n', "an alias of 9777, which no sdn row has"),
        ("add.csv", '9777,1,-0- ,-0- ,"Cuba",-0- \r\n', "an address of 9777"),
        ("sdn_comments.csv", '9777,"lost"\r\n', "a remark of 9777"),
    ],
)
def test_ofac_rows_that_refer_to_nobody(tmp_path: Path, file: str, row: str, said: str) -> None:
    """Files of different dates, or an sdn.csv that was cut at the end of a row."""
    (tmp_path / file).write_text(row)
    assert said in refused("ofac_csv", OFAC[0], tmp_path / file)


def test_ofac_files_that_do_not_go_together(tmp_path: Path) -> None:
    """Two of one kind, none of primary names, a name that says nothing."""
    other = tmp_path / "alt_static.csv"
    other.write_text('9001,1,"aka","X Y",-0- \r\n')

    assert "a second alt file, beside" in refused("ofac_csv", *OFAC, other)
    assert "no sdn.csv" in refused("ofac_csv", *OFAC[1:])
    (tmp_path / "list.csv").write_text("1,2\r\n")
    assert "expected sdn, cons_prim" in refused("ofac_csv", tmp_path / "list.csv")


def test_one_file_where_one_is_expected() -> None:
    """A list of one file does not quietly take the first of two."""
    assert "2 files, expected one" in refused("un_xml", "un.xml", "sdn_advanced.xml")


@pytest.mark.parametrize(
    ("format_name", "old", "new", "said"),
    [
        ("un_xml", "CONSOLIDATED_LIST", "OTHER_LIST", "expected CONSOLIDATED_LIST"),
        ("un_xml", "dateGenerated", "dateMade", "no dateGenerated"),
        ("un_xml", "<REFERENCE_NUMBER>EXe.002", "<REFERENCE_NUMBER>", "no REFERENCE_NUMBER"),
        ("un_xml", "EXe.002", "EXi.001", "UN:EXi.001"),
        ("ofac_xml", "<Sanctions ", "<Other ", "not XML|expected Sanctions"),
        ("ofac_xml", "DateOfIssue", "DateOfWhat", "no DateOfIssue"),
        ("ofac_xml", 'Party FixedRef="9003"', 'Party FixedRef="9001"', "twice"),
        ("eu_csv", "Entity_LogicalId", "Entity_Id", "no header with the columns"),
        ("eu_csv", "05/03/2026", "tomorrow", "no fileGenerationDate"),
        ("eu_csv", ";14;", ";;", "Entity_LogicalId ''"),
        ("uk_csv", "Last Updated,05/03/2026", "Hello", "no date in the first line"),
        ("uk_csv", "Name 6", "Surname", "no header with the columns"),
        ("uk_csv", "Group ID", "Number", "no column Group ID"),
        ("uk_csv", "7002", "", "Group ID ''"),
        ("own_csv", "aliases", "aka", "no header with the columns"),
        ("own_csv", "identifiers", "idents", "unknown column idents"),
        ("addresses", "1Invented", "1Invented ", "is no address"),
    ],
)  # fmt: skip
def test_what_each_format_cannot_do_without(
    tmp_path: Path, format_name: str, old: str, new: str, said: str
) -> None:
    """A header, a date, an id, a name."""
    files = copied(tmp_path, format_name)
    text = files[0].read_text("utf-8")
    assert old in text
    files[0].write_text(text.replace(old, new), "utf-8")

    assert re.search(said, refused(format_name, *files))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a b,person,X Y,,,,,", "2: id 'a b'"),
        ("1,persons,X Y,,,,,", "2: kind 'persons': expected one of"),
        ("1,person,,,,,,", "2: name: expected one"),
        ("1,person,X Y,,1961-13-40x,,,", "2: dob"),
        ("1,person,X Y,,,Atlantis,,", "2: country 'Atlantis'"),
        ("1,person,X Y,,,,1Invented,", "2: addresses '1Invented': expected ASSET:ADDRESS"),
    ],
)
def test_one_bad_row_refuses_an_own_list(tmp_path: Path, row: str, said: str) -> None:
    """Who wrote it can put it right: line and column are named."""
    assert said in refused("own_csv", own(tmp_path, row, "2,,Other,,,,,"))


def test_an_own_list_with_one_id_twice(tmp_path: Path) -> None:
    """Which of them would be released?"""
    path = own(tmp_path, "1,,First,,,,,", "1,,Second,,,,,")
    assert "own.csv:3: id 1 stands there twice" in refused("own_csv", path)


# -- XML without tricks ------------------------------------------------------------------------

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]>
"""
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>\n'


@pytest.mark.parametrize("format_name", ["ofac_xml", "un_xml"])
@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, "<!DOCTYPE html>\n"])
def test_xml_with_a_doctype(tmp_path: Path, format_name: str, doctype: str) -> None:
    """No list has one: entities that grow, and entities from elsewhere, are never read."""
    (path,) = copied(tmp_path, format_name)
    body = path.read_text("utf-8").partition("?>")[2]
    path.write_text(doctype + body.replace("Invented", "&e;"), "utf-8")

    assert "has a DOCTYPE" in refused(format_name, path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "cp1252", "klingon"])
def test_xml_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    """A DOCTYPE could hide in it."""
    (path,) = copied(tmp_path, "un_xml")
    text = path.read_text("utf-8").replace("UTF-8", encoding)
    path.write_text(text, "utf-8")

    assert re.search("expected UTF-8|not XML", refused("un_xml", path))


def test_xml_that_nests_without_end(tmp_path: Path) -> None:
    """Refused at a depth that no list has."""
    path = tmp_path / "un.xml"
    deep = "<A>" * 5_000 + "</A>" * 5_000
    path.write_text(f'<CONSOLIDATED_LIST dateGenerated="2026-03-05">{deep}</CONSOLIDATED_LIST>')

    assert "nested more than 64 deep" in refused("un_xml", path)
