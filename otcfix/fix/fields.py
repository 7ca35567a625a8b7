"""FIX text as fields: splitting, blanking secrets, and the tags that the desk does not do."""

from otcfix.fix.wire import SOH, WireError

NOT_DONE = frozenset(
    (
        78,
        99,
        111,
        168,
        192,
        193,
        210,
        211,
        388,
        389,
        423,
        555,
        640,
        847,
        848,
        849,
        854,
        957,
        1100,
        1138,
    )
)
"""Tags that make another order of it (stop, iceberg, peg, later start, legs, allocations): an
order that carries one is refused rather than executed as something else."""

NOT_QUOTED = frozenset((192, 193, 555, 600, 640))
"""Tags of a QuoteRequest that ask for a swap or for legs: refused, never quoted as outright."""

PLAIN_VALUES = {423: "2", 854: "0"}
"""Values of such tags that say no more than what the desk does anyway."""

Fields = list[tuple[int, str]]
Values = dict[int, str]

ECHOED = (1, 15, 55)
"""Account, Currency and Symbol come back on our answers: they are as short and plain as ids."""

NOT_BODY = frozenset((8, 9, 10, 34, 43, 52, 97, 122))
ORD_TYPES_42 = {"C": "1", "F": "2", "H": "D"}
"""What FX systems send in 4.2: Forex market, limit and previously quoted (R7)."""


DATA_OF = {
    90: 91,
    93: 89,
    95: 96,
    212: 213,
    348: 349,
    350: 351,
    352: 353,
    354: 355,
    356: 357,
    358: 359,
    360: 361,
    362: 363,
    364: 365,
    445: 446,
    618: 619,
    621: 622,
}
"""Length fields and the data fields that follow them: data may hold anything, SOH included."""


def split(text: str) -> Fields:
    """Split FIX text into (tag, value) pairs. Errors: WireError for a field without a tag."""
    try:
        fields = [
            (int(tag), value)
            for tag, equals, value in [field.partition("=") for field in text.split(SOH)]
            if equals
        ]
    except ValueError:
        return _split_with_data(text)
    if DATA_OF.keys().isdisjoint(dict(fields)):
        return fields
    return _split_with_data(text)


def _split_with_data(text: str) -> Fields:
    """The slow way: a data field is as long as its length field says."""
    fields: Fields = []
    place, length, data_tag = 0, 0, 0
    while place < len(text):
        equals = text.find("=", place)
        tag_text = text[place:equals] if equals >= 0 else ""
        if not tag_text.isdecimal():
            raise WireError(0, 0, "a tag is not a number")
        tag = int(tag_text)
        if tag == data_tag:
            end = equals + 1 + length
        else:
            end = text.find(SOH, equals)
            end = len(text) if end < 0 else end
        value = text[equals + 1 : end]
        fields.append((tag, value))
        data_tag = DATA_OF.get(tag, 0)
        length = int(value) if data_tag and value.isdecimal() else 0
        place = end + 1
    return fields


BLANK = "***"
SECRETS = dict.fromkeys((96, 554, 925, 1402, 1404), BLANK)
LENGTHS = dict.fromkeys((95, 1401, 1403), str(len(BLANK)))
"""A blanked text can be taken apart again: the data is as long as its length field says."""

_BLANKED = SECRETS | LENGTHS


def blank_secrets(text: str) -> str:
    """Replace the values of RawData(96), Password(554), NewPassword(925) and of the encrypted ones
    (1402, 1404) by *** (R13).

    A text that cannot be taken apart is not kept at all.
    """
    try:
        fields = split(text)
    except WireError:
        return BLANK
    return "".join([f"{tag}={_BLANKED.get(tag, value)}{SOH}" for tag, value in fields])
