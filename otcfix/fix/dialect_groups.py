"""Groups of a message that is translated: parties that are fields elsewhere, fields of entries."""

from collections.abc import Mapping, Sequence

from otcfix.fix.fields import Fields

PARTY_COUNT = 453
PARTIES = (453, 448, 447, 452, 802, 523, 803)
"""The count of the parties, the first field of an entry, and the others it can have."""


def parties_read(read: Mapping[str, int], parties: Fields, out: Fields) -> list[Fields]:
    """Put the parties of some roles into *out* as fields; return the entries of all others.

    read: by PartyRole(452) the tag that the PartyID(448) is read as.
    """
    entries: list[Fields] = []
    for tag, value in parties:
        if tag == PARTY_COUNT:
            continue
        if tag == PARTIES[1] or not entries:
            entries.append([])
        entries[-1].append((tag, value))
    kept: list[Fields] = []
    for entry in entries:
        values = dict(entry)
        tag = read.get(values.get(452, ""), 0)
        if tag and values.get(448):
            out.append((tag, values[448]))
        else:
            kept.append(entry)
    return kept


def made_party(made: Mapping[int, tuple[str, str]], party: Fields) -> list[Fields]:
    """Entries of 453 for fields. made: by tag the PartyRole(452) and the PartyIDSource(447)."""
    entries: list[Fields] = []
    for tag, value in party:
        role, source = made[tag]
        entries.append([(448, value), (447, source), (452, role)])
    return entries


def with_parties(out: Fields, entries: Sequence[Fields]) -> None:
    """Add the group 453 with these entries, if there are any."""
    if entries:
        out.append((PARTY_COUNT, str(len(entries))))
        for entry in entries:
            out += entry


def into_entries(groups: Sequence[int], moved: list[tuple[int, int, str]], out: Fields) -> None:
    """Put fields of the body into every entry of their group that has none.

    moved: count tag, tag, value. Where the group is absent the field is left in the body.
    """
    for count in groups:
        mine = [(tag, value) for group, tag, value in moved if group == count]
        place = next((i for i, (tag, _) in enumerate(out) if tag == count), -1)
        if place < 0 or place + 1 >= len(out):
            out += mine
            continue
        first = out[place + 1][0]
        starts = [i for i in range(place + 1, len(out)) if out[i][0] == first]
        for start, end in reversed(list(zip(starts, [*starts[1:], len(out)], strict=True))):
            there = {tag for tag, _ in out[start:end]}
            out[start + 1 : start + 1] = [field for field in mine if field[0] not in there]
