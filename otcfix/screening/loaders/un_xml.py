"""The consolidated list of the UN Security Council, XML (sc-sanctions.xsd).

CONSOLIDATED_LIST dateGenerated / INDIVIDUALS / INDIVIDUAL and ENTITIES / ENTITY; an entry is known
by its REFERENCE_NUMBER (QDi.001). QUALITY Low makes a weak alias. One ALIAS_NAME may hold several
names between semicolons, and a name in its own script in brackets.
"""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.dates import in_figures, span
from otcfix.screening.loaders.draft import ACRONYM, Draft, Loaded
from otcfix.screening.loaders.reading import Faults, ListRefused
from otcfix.screening.loaders.xml import elements, text_of

KINDS = {"INDIVIDUAL": Kind.PERSON, "ENTITY": Kind.ORGANISATION}
DOCUMENTS = (("passport", "passport"), ("pasaporte", "passport"), ("passeport", "passport"))

_NESTED = re.compile(r"\(([^()]*)\([^()]*\)")
_FIGURES = re.compile(r"\d{3}")
_BRACKETS = re.compile(r"\(([^()]*)\)?")
_BORN = re.compile(r",? +born +(?:in +|on +|\d).*$", re.IGNORECASE)
_LETTERED = re.compile(r"(?:^|\s)[a-z]\) ")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    if len(files) != 1:
        raise ListRefused(files[0].parent, f"{len(files)} files, expected one XML file")
    path, faults = files[0], Faults(files[0])
    walk = elements(path, frozenset(KINDS))
    root = next(walk, None)
    if root is None or root.tag != "CONSOLIDATED_LIST":
        said = "nothing" if root is None else root.tag
        raise ListRefused(path, f"root element {said:.40}, expected CONSOLIDATED_LIST")
    dated = in_figures(root.get("dateGenerated", "")[:10])
    if not dated:
        raise ListRefused(path, "CONSOLIDATED_LIST has no dateGenerated")
    drafts: dict[str, Draft] = {}
    for element in walk:
        faults.rows += 1
        draft = _entry(element)
        if draft is None or draft.entry_id in drafts:
            said = "no REFERENCE_NUMBER or no name" if draft is None else draft.entry_id
            faults.skip(0, f"{element.tag} {text_of(element, 'DATAID')}: {said}")
            continue
        drafts[draft.entry_id] = draft
    faults.close("entries")
    entries = tuple(draft.made(list_name) for draft in drafts.values())
    return Loaded(list_name, "un_xml", entries, dated, warnings=tuple(faults.told))


def _entry(element: Element) -> Draft | None:
    reference = text_of(element, "REFERENCE_NUMBER")
    draft = Draft(f"UN:{reference}", KINDS[element.tag])
    parts = (text_of(element, f"{which}_NAME") for which in ("FIRST", "SECOND", "THIRD", "FOURTH"))
    whole = " ".join(part for part in parts if part)
    named = [draft.name(name) for name in split_names(whole)]
    if not reference or not any(named):
        return None
    draft.name(text_of(element, "NAME_ORIGINAL_SCRIPT"), original_script=True)
    for alias in element.findall(f"{element.tag}_ALIAS"):
        weak = text_of(alias, "QUALITY").lower() == "low"
        for name, own_script in names_in(text_of(alias, "ALIAS_NAME")):
            draft.name(name, weak=weak, original_script=own_script)
    for birth in element.findall("INDIVIDUAL_DATE_OF_BIRTH"):
        _birth(draft, birth)
    for place in ("NATIONALITY/VALUE", "INDIVIDUAL_PLACE_OF_BIRTH/COUNTRY"):
        for country in element.findall(place):
            draft.country(country_code(country.text or ""))
    for country in element.findall(f"{element.tag}_ADDRESS/COUNTRY"):
        draft.country(country_code(country.text or ""))
    for document in element.findall("INDIVIDUAL_DOCUMENT"):
        said = text_of(document, "TYPE_OF_DOCUMENT").lower()
        kind = next((kind for word, kind in DOCUMENTS if word in said), "national id")
        draft.identifier(kind, text_of(document, "NUMBER"))
    programme = text_of(element, "UN_LIST_TYPE")
    if programme:
        draft.programmes[programme] = None
    draft.listed_on = in_figures(text_of(element, "LISTED_ON"))
    draft.remarks = text_of(element, "COMMENTS1")
    return draft


def _birth(draft: Draft, birth: Element) -> None:
    dated = in_figures(text_of(birth, "DATE"))
    year = in_figures(text_of(birth, "YEAR"))
    first, last = (in_figures(text_of(birth, tag))[:4] for tag in ("FROM_YEAR", "TO_YEAR"))
    draft.born(dated or year)
    if first and last:
        draft.born(*span(int(first), int(last)))


def names_in(text: str) -> list[tuple[str, bool]]:
    """(name, whether in another script) for each name in one ALIAS_NAME.

    In brackets stands the name in another script, or in Latin behind such a one, or several names
    between semicolons; anything else there (`birth name`) is a remark, but for an acronym. Without
    letters outside, what is inside is the name itself.
    """
    found: list[str] = []
    for name in split_names(_NESTED.sub(r"(\1", text)):
        plain = _BRACKETS.sub(lambda m: m[0] if ACRONYM.fullmatch(m[0]) else " ", name)
        plain = " ".join(_BORN.sub("", plain).split()).strip(" ,")
        if not any(c.isalpha() for c in plain):
            found += [part.strip("() ") for part in name.split(";")]
            continue
        found.append(plain)
        other = not _LATIN.search(plain)
        for inside in _BRACKETS.findall(name):
            inside = inside.rpartition("original script:")[2]  # noqa: PLW2901
            parts = [part.strip() for part in inside.split(";")]
            if len(parts) > 1 or bool(_LATIN.search(inside)) == other:
                found += [part for part in parts if not _FIGURES.search(part)]
    return [(name, not _LATIN.search(name)) for name in found if any(c.isalpha() for c in name)]


def split_names(text: str) -> list[str]:
    """Names between semicolons that stand outside brackets; `b) ` begins another one too."""
    parts, depth = [""], 0
    for letter in _LETTERED.sub(";", text):
        depth = max(0, depth + (letter == "(") - (letter == ")"))
        if letter == ";" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
