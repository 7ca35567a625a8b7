"""SecurityListRequest and SecurityDefinitionRequest: what may be dealt in, and by which rules."""

from otcfix.desk.draft import Draft
from otcfix.desk.whose import is_misplaced, may_deal_in
from otcfix.model.answers import SecurityDefined, SecurityListed
from otcfix.model.enquiries import SecurityDefinitionRequest, SecurityListRequest
from otcfix.model.instrument import Instrument
from otcfix.model.refusal import Refusal, wording

LISTED_AT_ONCE = 100
"""Instruments in one SecurityList; LastFragment(893) says whether more follow."""

OF_SYMBOL, OF_ALL = "0", "4"
"""SecurityListRequestType(559) that the desk answers."""


def on_security_list_request(draft: Draft, asked: SecurityListRequest) -> None:
    """SecurityList(35=y) of what he may deal in: 559=0 one symbol, 559=4 all (35=x)."""
    if is_misplaced(draft, asked):
        return
    if asked.request_type not in (OF_SYMBOL, OF_ALL):
        _listed(draft, asked, 5, text=wording(Refusal.UNSUPPORTED, 559))
        return
    if asked.subscription_type not in ("", "0"):
        _listed(draft, asked, 1, text=wording(Refusal.UNSUPPORTED, 263))
        return
    session = draft.register.sessions[asked.head.session]
    found = [one.symbol for one in may_deal_in(draft, session)]
    if not found:
        _listed(draft, asked, 3, text=wording(Refusal.NOT_AUTHORISED))
        return
    if asked.request_type == OF_SYMBOL:
        found = [symbol for symbol in found if symbol == asked.symbol]
    if not found:
        _listed(draft, asked, 2, text=wording(Refusal.UNKNOWN_SYMBOL, 55))
        return
    for start in range(0, len(found), LISTED_AT_ONCE):
        some = tuple(found[start : start + LISTED_AT_ONCE])
        _listed(draft, asked, 0, some, len(found), start + LISTED_AT_ONCE >= len(found))


def _listed(
    draft: Draft,
    asked: SecurityListRequest,
    result: int,
    symbols: tuple[str, ...] = (),
    total: int = 0,
    last: bool = True,
    text: str = "",
) -> None:
    head = asked.head
    draft.say(
        SecurityListed(
            head.session,
            asked.request_id,
            draft.ids.next("L"),
            result,
            symbols,
            total,
            last,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


AS_IS, LIST, REJECTED, NO_MATCH = 1, 4, 5, 6
"""SecurityResponseType(323). LIST is 4.2's and 5.0SP2's; 4.4 has no word for it and hears AS_IS."""


def on_security_definition_request(draft: Draft, asked: SecurityDefinitionRequest) -> None:
    """SecurityDefinition(35=d): 321=0 or 1 one instrument, 321=3 one message for each that he may
    deal in (35=c)."""
    if is_misplaced(draft, asked):
        return
    if asked.request_type not in ("0", "1", "3"):
        _defined(draft, asked, REJECTED, None, text=wording(Refusal.UNSUPPORTED, 321))
        return
    session = draft.register.sessions[asked.head.session]
    found = may_deal_in(draft, session)
    if not found:
        _defined(draft, asked, REJECTED, None, text=wording(Refusal.NOT_AUTHORISED))
        return
    if asked.request_type == "3":
        kind = AS_IS if session.version == "FIX.4.4" else LIST
        for one in found:
            _defined(draft, asked, kind, one, len(found))
        return
    for one in found:
        if one.symbol == asked.symbol:
            _defined(draft, asked, AS_IS, one, 1)
            return
    _defined(draft, asked, NO_MATCH, None, text=wording(Refusal.UNKNOWN_SYMBOL, 55))


def _defined(
    draft: Draft,
    asked: SecurityDefinitionRequest,
    response_type: int,
    instrument: Instrument | None,
    total: int = 0,
    text: str = "",
) -> None:
    head = asked.head
    draft.say(
        SecurityDefined(
            head.session,
            asked.request_id,
            draft.ids.next("L"),
            response_type,
            instrument.symbol if instrument else "",
            asked.symbol_sent,
            total,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )
