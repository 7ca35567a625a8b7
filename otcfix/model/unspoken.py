"""Messages that the desk does not do, and what is said of each: BusinessMessageReject 380=3."""

UNSUPPORTED = "this message type is not spoken here"

WORDS = {
    "AB": "multileg orders are not dealt in here",
    "AC": "multileg orders are not dealt in here",
    "E": "lists of orders are not dealt in here",
    "K": "lists of orders are not dealt in here",
    "L": "lists of orders are not dealt in here",
    "M": "lists of orders are not dealt in here",
    "s": "cross orders are not dealt in here",
    "t": "cross orders are not dealt in here",
    "u": "cross orders are not dealt in here",
    "k": "bids for lists are not dealt in here",
    "n": "XML is not read here",
    "B": "news is not read here",
    "C": "mail is not read here",
}
"""By MsgType(35); of every other type: `UNSUPPORTED`."""


def words_for(msg_type: str) -> str:
    """What is said of a message type that the desk does not do."""
    return WORDS.get(msg_type, UNSUPPORTED)
