"""OFAC's advanced XML (sdn_advanced.xml, cons_advanced.xml), read as a stream: it has 80 MB.

A party refers by number to what stands before it: ReferenceValueSets (types, countries, scripts),
Locations, IDRegDocuments; behind the parties, SanctionsEntries name programmes and dates.
DistinctParty/Profile/Identity/Alias/DocumentedName holds the names, Feature all else: births,
places, citizenship, BIC, and `Digital Currency Address - XBT`.
"""

from pathlib import Path
from xml.etree.ElementTree import Element

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.dates import iso, span
from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.reading import Faults, ListRefused
from otcfix.screening.loaders.table import one_file
from otcfix.screening.loaders.xml import elements, text_of

VALUES = ("AliasType", "FeatureType", "PartySubType", "IDRegDocType", "NamePartType", "Script",
          "Country", "SanctionsType", "AreaCode")  # fmt: skip
WANTED = frozenset(
    ("DateOfIssue", "Location", "IDRegDocument", "DistinctParty", "SanctionsEntry", *VALUES)
)
PARTY_TYPES = {"1": Kind.PERSON, "2": Kind.ORGANISATION}
SUB_TYPES = {"vessel": Kind.VESSEL, "aircraft": Kind.AIRCRAFT}
CURRENCY = "Digital Currency Address - "
FEATURES = {
    "SWIFT/BIC": "BIC",
    "Legal Entity Number": "LEI",
    "MMSI": "MMSI",
    "Aircraft Tail Number": "tail",
    "IBAN": "IBAN",
}
PLACES = ("Nationality Country", "Citizenship Country", "Place of Birth", "Location",
          "Nationality of Registration", "Vessel Flag")  # fmt: skip
DOCUMENTS = (
    ("passport", "passport"), ("national id", "national id"), ("cedula", "national id"),
    ("tax id", "tax id"), ("registration ident", "IMO"), ("registration", "registration"),
    ("company number", "registration"), ("legal entity", "LEI"), ("swift", "BIC"),
)  # fmt: skip


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    path, faults = one_file(files), Faults(files[0])
    walk = elements(path, WANTED)
    root = next(walk, None)
    if root is None or root.tag != "Sanctions":
        said = "nothing" if root is None else root.tag
        raise ListRefused(path, f"root element {said:.40}, expected Sanctions")
    prefix = "OFAC-CONS" if path.name.lower().startswith("cons") else "OFAC"
    reading = _Reading(prefix, faults)
    for element in walk:
        reading.take(element)
    faults.close("parties")
    if not reading.dated:
        raise ListRefused(path, "no DateOfIssue")
    entries = tuple(draft.made(list_name) for draft in reading.drafts.values())
    top = max((int(n) for n in reading.numbers if n.isascii() and n.isdecimal()), default=0)
    return Loaded(list_name, "ofac_xml", entries, reading.dated, top, tuple(faults.told))


class _Reading:
    """What has been read so far, by the numbers that later elements refer to it."""

    def __init__(self, prefix: str, faults: Faults) -> None:
        self.prefix = prefix
        self.faults = faults
        self.values: dict[tuple[str, str], str] = {}
        self.party_types: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.documents: dict[str, list[tuple[str, str]]] = {}
        self.drafts: dict[str, Draft] = {}
        self.numbers: dict[str, None] = {}
        self.dated = ""

    def take(self, element: Element) -> None:
        """Take one whole element, in the file's order."""
        tag = element.tag
        if tag == "DistinctParty":
            self._party(element)
        elif tag == "SanctionsEntry":
            self._sanctions(element)
        elif tag == "IDRegDocument":
            self._document(element)
        elif tag == "Location":
            found = (self._country(at) for at in element.iter() if at.get("CountryID"))
            self.places[element.get("ID", "")] = next((code for code in found if code), "")
        elif tag == "DateOfIssue":
            self.dated = _date(element)
        else:
            key = element.get("ID", "")
            self.values[tag, key] = (element.text or "").strip()
            if tag == "PartySubType":
                self.party_types[key] = element.get("PartyTypeID", "")

    def _value(self, tag: str, key: str | None) -> str:
        return self.values.get((tag, key or ""), "")

    def _country(self, element: Element) -> str:
        return country_code(self._value("Country", element.get("CountryID")))

    def _document(self, element: Element) -> None:
        said = self._value("IDRegDocType", element.get("IDRegDocTypeID")).lower()
        kind = next((kind for word, kind in DOCUMENTS if word in said), "document")
        number = text_of(element, "IDRegistrationNo").removeprefix("IMO ")
        self.documents.setdefault(element.get("IdentityID", ""), []).append((kind, number))

    def _party(self, element: Element) -> None:
        self.faults.rows += 1
        profile = element.find("Profile")
        number = element.get("FixedRef", "") or (
            profile.get("ID", "") if profile is not None else ""
        )
        if profile is None or not number or number in self.drafts:
            self.faults.skip(0, f"DistinctParty {number:.40}: no FixedRef, no Profile, or twice")
            return
        draft = Draft(f"{self.prefix}:{number}", self._kind(profile))
        for identity in profile.iter("Identity"):
            for alias in identity.iter("Alias"):
                self._alias(draft, alias, _part_types(identity, self.values))
            for kind, value in self.documents.get(identity.get("ID", ""), ()):
                draft.identifier(kind, value)
        for feature in element.iter("Feature"):
            self._feature(draft, feature)
        if not draft.names:
            self.faults.skip(0, f"DistinctParty {number}: no name")
            return
        self.numbers[number] = None
        self.drafts[profile.get("ID", number)] = draft

    def _kind(self, profile: Element) -> Kind:
        key = profile.get("PartySubTypeID", "")
        named = SUB_TYPES.get(self._value("PartySubType", key).lower())
        return named or PARTY_TYPES.get(self.party_types.get(key, ""), Kind.UNKNOWN)

    def _alias(self, draft: Draft, alias: Element, types: dict[str, str]) -> None:
        weak = alias.get("LowQuality", "").lower() == "true"
        for name in alias.iter("DocumentedName"):
            parts = [
                (types.get(value.get("NamePartGroupID", ""), ""), (value.text or "").strip(),
                 self._value("Script", value.get("ScriptID")))
                for value in name.iter("NamePartValue")
            ]  # fmt: skip
            own_script = any(script and script != "Latin" for _, _, script in parts)
            last = [text for kind, text, _ in parts if kind == "Last Name"]
            rest = [text for kind, text, _ in parts if kind != "Last Name"]
            comma = ", " if last and rest and draft.kind is Kind.PERSON else " "
            whole = comma.join(" ".join(group) for group in (last, rest) if group)
            draft.name(whole, weak=weak, original_script=own_script)

    def _feature(self, draft: Draft, feature: Element) -> None:
        said = self._value("FeatureType", feature.get("FeatureTypeID"))
        details = [(d.text or "").strip() for d in feature.iter("VersionDetail")]
        if said.startswith(CURRENCY):
            asset = said.removeprefix(CURRENCY).strip()
            draft.addresses.update(dict.fromkeys((asset, text) for text in details if text))
        elif said == "Birthdate":
            for period in feature.iter("DatePeriod"):
                draft.born(*_births(period))
        elif said in FEATURES:
            for text in details:
                draft.identifier(FEATURES[said], text)
        elif said in PLACES:
            for place in feature.iter("VersionLocation"):
                draft.country(self.places.get(place.get("LocationID", ""), ""))

    def _sanctions(self, element: Element) -> None:
        draft = self.drafts.get(element.get("ProfileID", ""))
        if draft is None:
            return
        for event in element.iter("EntryEvent"):
            date = event.find("Date")
            draft.listed_on = draft.listed_on or (_date(date) if date is not None else "")
        for measure in element.iter("SanctionsMeasure"):
            if self._value("SanctionsType", measure.get("SanctionsTypeID")) in ("Program", ""):
                programme = text_of(measure, "Comment")
                if programme:
                    draft.programmes[programme] = None


def _part_types(identity: Element, values: dict[tuple[str, str], str]) -> dict[str, str]:
    """`Last Name` and the like, by the number of the group that a part of a name belongs to."""
    return {
        group.get("ID", ""): values.get(("NamePartType", group.get("NamePartTypeID", "")), "")
        for group in identity.iter("NamePartGroup")
    }


def _number(element: Element, tag: str) -> int:
    text = text_of(element, tag)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0


def _date(element: Element) -> str:
    return iso(*(_number(element, tag) for tag in ("Year", "Month", "Day")))


def _births(period: Element) -> list[str]:
    """One day, or the years of a span: OFAC writes a year as its first to its last day."""
    points = [
        point for name in ("Start/From", "Start/To", "End/From", "End/To")
        if (point := period.find(name)) is not None
    ]  # fmt: skip
    days = sorted({day for point in points if (day := _date(point))})
    if not days:
        return []
    if len(days) == 1:
        return days
    first, last = int(days[0][:4]), int(days[-1][:4])
    if days[0][:7] == days[-1][:7]:
        return [days[0][:7]]
    return span(first, last)
