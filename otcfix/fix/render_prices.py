"""Streams in words: W and X of each version, in the order of the wire.

A body is written once for all who are shown the same and differs by MDReqID(262) alone. It stands
in the order in which QuickFIX sends it (R7: tags ascending, a group behind its count), so that a
client's bytes can be compared with what the journal says again.
"""

from otcfix.fix.wire import SOH
from otcfix.model.decision import Decision
from otcfix.model.record import StreamRow
from otcfix.model.stream import BID, OFFER, Rung, StreamImage, StreamSaid, Subscription
from otcfix.model.time import Instant, utc_timestamp

V50 = "FIX.5.0SP2"

NEW, CHANGE, DELETE = "0", "1", "2"
"""MDUpdateAction(279)."""

STREAM_GROUP = (268, (279, 269, 55, 270, 271, 299, 290))
"""The repeating group of W and X: count tag, and every tag that an entry can have, in order."""

Known = dict[int, Subscription]
Images = dict[str, StreamImage]


def stream_rows(
    decision: Decision, subscriptions: Known, images: Images, at: Instant
) -> list[StreamRow]:
    """The messages of *decision*, by receiver. subscriptions, images: as they stood before it."""
    new = {one.number: one for one in decision.subscriptions}
    made = {image.image_id: image for image in decision.images}
    rows: list[StreamRow] = []
    for said in decision.streams:
        image = made.get(said.image) or images.get(said.image)
        first = new.get(said.to[0]) or subscriptions[said.to[0]]
        if said.msg_type == "W":
            head, tail = _full(said, first, image, at)
        else:
            head, tail = _changes(said, first, images.get(said.before), image)
        for number in said.to:
            one = new.get(number) or subscriptions[number]
            text = f"{head}{one.md_req_id}{tail}"
            rows.append(
                StreamRow(one.session, said.msg_type, one.deliver_to, one.deliver_to_sub, text)
            )
    return rows


def _full(
    said: StreamSaid, shown: Subscription, image: StreamImage | None, at: Instant
) -> tuple[str, str]:
    """A W in front of and behind MDReqID(262)."""
    entries = [
        f"269={side}{SOH}{_rung(rung)}" for side in shown.sides for rung in shown.seen(image, side)
    ]
    # 5.0SP2 alone requires LastUpdateTime(779).
    made = utc_timestamp(image.made_at if image else at)
    last = f"779={made}{SOH}" if shown.version == V50 else ""
    tail = f"{SOH}268={len(entries)}{SOH}{''.join(entries)}{last}"
    return f"55={shown.sent(said.symbol)}{SOH}262=", tail


def _changes(
    said: StreamSaid, shown: Subscription, before: StreamImage | None, image: StreamImage | None
) -> tuple[str, str]:
    """An X in front of and behind MDReqID(262): by side and MDEntryPositionNo(290)."""
    sent = shown.sent(said.symbol)
    entries: list[str] = []
    for side in (BID, OFFER):
        if side not in shown.sides:
            continue
        was, now = shown.seen(before, side), shown.seen(image, side)
        for place, rung in enumerate(now):
            if place >= len(was) or was[place] != rung:
                action = CHANGE if place < len(was) else NEW
                shown_as = f"{_rung(rung)}290={place + 1}{SOH}"
                entries.append(f"279={action}{SOH}269={side}{SOH}55={sent}{SOH}{shown_as}")
        # The last place first: right as well for who moves the places behind a deleted one up.
        entries += [
            f"279={DELETE}{SOH}269={side}{SOH}55={sent}{SOH}290={place}{SOH}"
            for place in range(len(was), len(now), -1)
        ]
    return "262=", f"{SOH}268={len(entries)}{SOH}{''.join(entries)}"


def _rung(rung: Rung) -> str:
    return f"270={rung.price:f}{SOH}271={rung.size:f}{SOH}299={rung.rung_id}{SOH}"
