"""FIX messages in words, as the client who sends and gets them would tell."""

from collections.abc import Callable

from otcfix.fix.client import Heard
from otcfix.fix.wire import SOH

HEADER = frozenset(("8", "9", "10", "34", "43", "49", "52", "56", "97", "122", "1128"))

SIDES = {"1": "buy", "2": "sell"}
STATES = {
    "0": "new", "1": "partly filled", "2": "filled", "4": "cancelled", "5": "replaced",
    "8": "rejected", "C": "expired",
}  # fmt: skip
ORD_TYPES = {"1": "at the market", "2": "limit", "D": "on the quote", "H": "on the quote"}
TIMES = {"0": "day", "1": "GTC", "3": "IOC", "4": "FOK", "6": "GTD"}
QUOTE_STATES = {
    "0": "live", "1": "cancelled", "4": "all cancelled", "5": "gone", "7": "expired",
    "9": "not found", "11": "passed", "16": "live", "17": "cancelled",
}  # fmt: skip


def body_of(text: str) -> str:
    """FIX text without what every header and trailer has, fields separated by |."""
    kept = [f for f in text.split(SOH) if f and f.partition("=")[0] not in HEADER]
    return "|".join(kept)


def fields_of(text: str) -> list[tuple[int, str]]:
    """Every field of a FIX text, in its order."""
    found = []
    for field in text.split(SOH):
        tag, equals, value = field.partition("=")
        if equals and tag.isdecimal():
            found.append((int(tag), value))
    return found


def words_of(heard: Heard) -> str:
    """One message in words."""
    teller = TELLERS.get(heard.msg_type)
    said = teller(heard) if teller else f"message {heard.msg_type}"
    again = "said again: " if heard.again and not heard.sent else ""
    return f"{again}{said}"


def is_fill(heard: Heard) -> bool:
    """Whether it is an ExecutionReport of a fill, in any version."""
    if heard.msg_type != "8" or not heard.value(32) or heard.value(32).strip("0.") == "":
        return False
    if heard.value(150) == "F":
        return True
    return heard.value(150) in ("1", "2") and heard.value(20) == "0"


def is_refusal(heard: Heard) -> bool:
    """Whether the desk says no to what we asked."""
    if heard.sent:
        return False
    if heard.msg_type == "8":
        return heard.value(150) == "8"
    if heard.msg_type == "b":
        return heard.value(297) == "5"
    return heard.msg_type in ("AG", "9", "j", "3", "Y")


def _size(h: Heard, tag: int) -> str:
    """A quantity, with Currency(15) where one is named."""
    return f"{h.value(tag)} {h.value(15)}".strip()


def _request(h: Heard) -> str:
    side = SIDES.get(h.value(54), "two-way")
    size = _size(h, 38) if h.value(38) else f"{h.value(152)} (cash)"
    return f"asks for a quote: {side}, {h.value(55)} for {size}"


def _quote(h: Heard) -> str:
    prices = []
    if h.value(132):
        prices.append(f"bid {h.value(132)} for {h.value(134)}")
    if h.value(133):
        prices.append(f"offer {h.value(133)} for {h.value(135)}")
    until = h.value(62)
    kind = f"firm until {until.partition('-')[2]}" if until else "indicative"
    return f"quotes {h.value(55)}: {', '.join(prices)}; {kind}"


def _order(h: Heard) -> str:
    side = SIDES.get(h.value(54), "?")
    size = _size(h, 38)
    price = f" {h.value(44)}" if h.value(44) else ""
    tif = f", {TIMES.get(h.value(59), h.value(59))}" if h.value(59) else ""
    kind = ORD_TYPES.get(h.value(40), f"type {h.value(40)}")
    return f"orders: {side} {size} {h.value(55)} {kind}{price}{tif}"


def _report(h: Heard) -> str:
    side = SIDES.get(h.value(54), "?")
    state = STATES.get(h.value(39), h.value(39))
    text = f": {h.value(58)}" if h.value(58) else ""
    if is_fill(h):
        contra = f" ({h.value(119)} {h.value(120)})" if h.value(119) else ""
        fee = f", fee {h.value(12)}" if h.value(12) else ""
        return (
            f"FILLS: {side} {_size(h, 32)} {h.value(55)} at {h.value(31)}{contra}{fee}; "
            f"the order is {state}, {h.value(151)} left"
        )
    kind = h.value(150)
    if h.value(19) and (kind == "H" or h.value(20) == "1"):
        return f"BUSTS the trade {h.value(19)}{text}"
    if kind == "8":
        return f"REFUSES the order{text}"
    if kind == "0":
        limit = f" at {h.value(44)}" if h.value(44) else ""
        return f"accepts the order: {side} {_size(h, 38)} {h.value(55)}{limit}"
    if kind in ("4", "5", "C"):
        done = {"4": "cancelled", "5": "replaced", "C": "expired"}[kind]
        return f"the order is {done}: {h.value(14)} filled, {h.value(151)} left{text}"
    return f"the order is {state}: {h.value(14)} filled, {h.value(151)} left{text}"


def _cancel(h: Heard) -> str:
    return f"cancels {h.value(41)}"


def _cancel_refused(h: Heard) -> str:
    state = STATES.get(h.value(39), h.value(39))
    return f"REFUSES the cancel: {h.value(58)} (the order is {state})"


def _quote_refused(h: Heard) -> str:
    if h.msg_type == "b" and h.value(297) != "5":
        return _quote_status(h)
    return f"REFUSES the quote: {h.value(58)}"


def _quote_status(h: Heard) -> str:
    text = f": {h.value(58)}" if h.value(58) else ""
    state = QUOTE_STATES.get(h.value(297), h.value(297))
    return f"the quote is {state}{text}"


def rungs_of(heard: Heard) -> list[dict[int, str]]:
    """The entries of a W or X: each begins with MDEntryType(269), or 279 in front of it."""
    found: list[dict[int, str]] = []
    first = 0
    for tag, value in fields_of(heard.text):
        if tag == first or (not first and tag in (269, 279)):
            first = tag
            found.append({})
        if found and tag in (269, 270, 271, 279, 299):
            found[-1][tag] = value
    return found


def _stream(h: Heard) -> str:
    rungs = rungs_of(h)
    bids, offers = ([r for r in rungs if r.get(269) == side] for side in ("0", "1"))
    sizes = [
        f"{bid[271]}: {bid[270]} / {offer[270]}" for bid, offer in zip(bids, offers, strict=False)
    ]
    if not sizes:
        shown = f"{len(rungs)} prices of one side" if rungs else "NO PRICE"
    elif len(sizes) < 3:
        shown = ", ".join(sizes)
    else:
        shown = f"{sizes[0]} … {sizes[-1]} ({len(sizes)} sizes)"
    return f"streams {h.value(55)}: {shown}"


def _stream_request(h: Heard) -> str:
    if h.value(263) == "2":
        return f"ends the stream {h.value(262)}"
    more = "every change" if h.value(265) == "1" else "each new book"
    lasting = f", then {more}" if h.value(263) == "1" else ""
    return f"asks for the prices of {h.value(55)}{lasting}"


def _rejected(h: Heard) -> str:
    return f"REJECTS the message {h.value(372)}: {h.value(58)}"


def _trade(h: Heard) -> str:
    side = SIDES.get(h.value(54), "?")
    return f"trade {h.value(571)}: {side} {h.value(32)} {h.value(55)} at {h.value(31)}"


TELLERS: dict[str, Callable[[Heard], str]] = {
    "R": _request,
    "S": _quote,
    "D": _order,
    "8": _report,
    "F": _cancel,
    "9": _cancel_refused,
    "AG": _quote_refused,
    "b": _quote_refused,
    "AI": _quote_status,
    "Z": lambda h: f"withdraws the quote {h.value(117)}",
    "V": _stream_request,
    "W": _stream,
    "X": lambda h: f"streams {h.value(55)}: {len(rungs_of(h))} changes",
    "Y": lambda h: f"REFUSES the stream: {h.value(58)}",
    "j": _rejected,
    "3": _rejected,
    "5": lambda h: f"logs out: {h.value(58) or 'bye'}",
    "H": lambda h: f"asks for the state of {h.value(11)}",
    "AD": lambda _: "asks for trades",
    "AQ": lambda h: f"has {h.value(748) or 0} trades",
    "AE": _trade,
    "r": lambda h: f"mass cancel: {h.value(533) or 0} orders",
}
