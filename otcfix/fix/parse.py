"""From FIX text to a typed message: each raw string is split once. The only place that converts
sides and units (R6) and that knows where a field stands on the wire."""

import hashlib
from collections.abc import Callable, Mapping

from msgspec import structs

from otcfix.fix.dialects import translation_of
from otcfix.fix.fields import (
    ECHOED,
    NOT_BODY,
    NOT_DONE,
    NOT_QUOTED,
    ORD_TYPES_42,
    PLAIN_VALUES,
    Fields,
    Values,
    split,
)
from otcfix.fix.parse_enquiries import EnquiryReader
from otcfix.fix.parse_post_trade import PostTradeReader
from otcfix.fix.parse_prices import PriceReader
from otcfix.fix.parse_provider import ProviderPieces
from otcfix.fix.pieces import legible
from otcfix.fix.wire import (
    INVALID_APPL_VER_ID,
    REQUIRED_TAG_MISSING,
    SOH,
    VALUE_IS_INCORRECT,
    WireError,
    field_of,
    read_date,
    read_id,
    read_int,
    read_timestamp,
)
from otcfix.model.enquiries import Spoken
from otcfix.model.instrument import Instrument
from otcfix.model.messages import (
    Complaint,
    Head,
    Inbound,
    Malformed,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    OrderMassCancelRequest,
    OrderMassStatusRequest,
    OrderStatusRequest,
    QuoteCancel,
    QuoteCounter,
    QuoteRequest,
    QuoteRequestLine,
    QuoteStatusRequest,
    Unsupported,
)
from otcfix.model.order import GTD, LIMIT, PREVIOUSLY_QUOTED
from otcfix.model.party import Session


class Parser(ProviderPieces, PriceReader, EnquiryReader, PostTradeReader):
    """Reads the messages of one session."""

    def __init__(self, session: Session, instruments: Mapping[str, Instrument]) -> None:
        super().__init__(session, instruments)
        self._translation = translation_of(session)
        provides = session.kind == "provider"
        self._readers: dict[str, Callable[[Head, Values, Fields], Spoken]] = {
            "R": self._quote_request,
            "D": self._new_order_single,
            "F": self._order_cancel_request,
            "G": self._order_cancel_replace_request,
            "H": self._order_status_request,
            "q": self._order_mass_cancel_request,
            "AF": self._order_mass_status_request,
            "Z": self._provider_quote_cancel if provides else self._quote_cancel,
            "AJ": self._quote_response,
            "a": self._quote_status_request,
            "V": self._market_data_request,
            "AD": self._trade_capture_report_request,
            "x": self._security_list_request,
            "c": self._security_definition_request,
            "g": self._trading_session_status_request,
            "AN": self._request_for_positions,
            "BB": self._collateral_inquiry,
            "BE": self._user_request,
            "S": self._provider_quote,
            "i": self._mass_quote,
            "3": self._complaint,
            "j": self._complaint,
            "Q": self._complaint,
            "J": self._allocation,
            "AU": self._confirmation_ack,
        }

    def parse(self, text: str) -> Spoken:
        """Read *text*; a message that breaks FIX becomes a Malformed, an alien one Unsupported."""
        number = field_of(text, 34)
        seq = int(number) if number.isdecimal() else 0
        head = Head(self._session.key, field_of(text, 35), seq, 0)
        try:
            fields = sent = split(text)
            if self._translation is not None:
                fields = self._translation.inbound(head.msg_type, sent)
            # The first of a repeated tag, not a group's last.
            values = dict(reversed(fields))
            head = self._head(values, sent)
            if head.poss_dup and head.orig_sending_time is None:
                raise WireError(REQUIRED_TAG_MISSING, 122, "43=Y without OrigSendingTime")
            if values.get(1128, "9") != "9":
                raise WireError(INVALID_APPL_VER_ID, 1128, "ApplVerID other than 9 is not spoken")
            reader = self._readers.get(head.msg_type)
            if reader is None:
                return Unsupported(head)
            return reader(head, self._bounded(values), fields)
        except WireError as error:
            return Malformed(head, error.reason, error.tag, error.text)
        except Exception as error:  # noqa: BLE001 - whatever a message holds, it ends no desk
            kind = type(error).__name__
            return Malformed(head, VALUE_IS_INCORRECT, 0, f"the message cannot be read: {kind}")

    def _head(self, values: Values, fields: Fields) -> Head:
        msg_type = values.get(35, "")
        original = values.get(122)
        digest = ""
        if msg_type in ("D", "F", "G", "q", "AJ", "J"):
            body = SOH.join([f"{t}={v}" for t, v in fields if t not in NOT_BODY])
            digest = hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()
        return Head(
            self._session.key,
            msg_type,
            read_int(34, values.get(34, "0")),
            read_timestamp(52, values[52]) if 52 in values else 0,
            values.get(43) == "Y",
            values.get(97) == "Y",
            read_timestamp(122, original) if original else None,
            values.get(115, ""),
            values.get(116, ""),
            digest,
        )

    @staticmethod
    def _bounded(values: Values) -> Values:
        for tag in ECHOED:
            value = values.get(tag)
            if value is not None:
                read_id(tag, value)
        return values

    # -- messages ------------------------------------------------------------------------------

    def _quote_request(self, head: Head, values: Values, fields: Fields) -> QuoteRequest:
        lines = [self._line(self._bounded(entry)) for entry in self._entries(fields)]
        missing = [131] if not values.get(131) else []
        for line in lines:
            if not line.symbol_sent:
                missing.append(55)
            if line.quantity is None:
                missing.append(38)
        if not lines:
            missing.append(146)
        expires = [t for tag in (126, 62) if (t := self._time(values, tag)) is not None]
        return QuoteRequest(
            head,
            self._id(values, 131),
            tuple(lines),
            self._one_end_client(values, fields),
            min(expires, default=None),
            self._time(values, 60),
            tuple(missing),
        )

    def _entries(self, fields: Fields) -> list[Values]:
        """The 146 group, one dict an entry. One that a dialect has built may lack its 55."""
        entries: list[Values] = []
        inside = False
        for tag, value in fields:
            if tag == 146:
                inside = True
            elif inside and tag != 10:
                if tag == 55 or not entries:
                    entries.append({})
                entries[-1].setdefault(tag, value)
        return entries

    def _line(self, values: Values) -> QuoteRequestLine:
        symbol, sent = self._symbol(values)
        quantity, unit = self._size(values, symbol)
        wire_side = values.get(54, "")
        quote_type = values.get(537)
        return QuoteRequestLine(
            symbol,
            sent,
            self._side(wire_side, unit) if wire_side else None,
            wire_side,
            quantity,
            unit,
            values.get(15, ""),
            None if quote_type is None else read_int(537, quote_type),
            values.get(64, ""),
            values.get(63, ""),
            values.get(1, ""),
            values.get(40, ""),
            self._decimal(values, 44),
            tuple(tag for tag in values if tag in NOT_QUOTED),
            values.get(303, ""),
        )

    def _order(
        self, head: Head, values: Values, fields: Fields, required: tuple[int, ...]
    ) -> NewOrderSingle:
        symbol, sent = self._symbol(values)
        quantity, unit = self._size(values, symbol)
        wire_side = values.get(54, "")
        ord_type = values.get(40, "")
        if head.msg_type != "AJ" and self._session.version == "FIX.4.2":
            ord_type = ORD_TYPES_42.get(ord_type, ord_type)
        missing = [tag for tag in required if not values.get(tag)]
        if quantity is None:
            missing.append(38)
        if ord_type == LIMIT and 44 not in values:
            missing.append(44)
        time_in_force = values.get(59, "")
        expires = self._time(values, 126)
        expire_date = read_date(432, values[432]) if 432 in values else None
        if time_in_force == GTD and expires is None and expire_date is None:
            missing.append(126)
        return NewOrderSingle(
            head,
            self._id(values, 11),
            values.get(1, ""),
            self._end_client(values, fields),
            symbol,
            sent,
            self._side(wire_side, unit),
            wire_side,
            quantity,
            unit,
            values.get(15, ""),
            ord_type,
            self._decimal(values, 44),
            time_in_force,
            expires,
            expire_date,
            self._decimal(values, 110),
            self._id(values, 117),
            self._time(values, 60),
            self._decimal(values, 2676),
            values.get(18, ""),
            values.get(21, ""),
            values.get(64, ""),
            values.get(63, ""),
            "",
            tuple(missing),
            next((t for t, v in fields if t in NOT_DONE and PLAIN_VALUES.get(t) != v), 0),
        )

    def _new_order_single(self, head: Head, values: Values, fields: Fields) -> NewOrderSingle:
        ord_type = values.get(40, "")
        quoted = ord_type == PREVIOUSLY_QUOTED or (
            self._session.version == "FIX.4.2" and ord_type == "H"
        )
        required = (11, 55, 54, 40, 60, 117) if quoted else (11, 55, 54, 40, 60)
        return self._order(head, values, fields, required)

    def _order_cancel_request(
        self, head: Head, values: Values, fields: Fields
    ) -> OrderCancelRequest:
        symbol, sent = self._symbol(values)
        return OrderCancelRequest(
            head,
            self._id(values, 11),
            self._id(values, 41),
            self._id(values, 37),
            symbol,
            sent,
            values.get(54, ""),
            self._end_client(values, fields),
            tuple(tag for tag in (11, 41) if not values.get(tag)),
        )

    def _order_cancel_replace_request(
        self, head: Head, values: Values, fields: Fields
    ) -> OrderCancelReplaceRequest:
        return OrderCancelReplaceRequest(
            self._id(values, 41),
            self._id(values, 37),
            self._order(head, values, fields, (11, 41, 54, 40, 60)),
        )

    def _order_status_request(
        self, head: Head, values: Values, fields: Fields
    ) -> OrderStatusRequest:
        symbol, sent = self._symbol(values)
        return OrderStatusRequest(
            head,
            self._id(values, 11),
            self._id(values, 37),
            symbol,
            sent,
            values.get(54, ""),
            self._end_client(values, fields),
            () if values.get(11) or values.get(37) else (11,),
        )

    def _order_mass_cancel_request(
        self, head: Head, values: Values, fields: Fields
    ) -> OrderMassCancelRequest:
        symbol, sent = self._symbol(values)
        kind = values.get(530, "")
        required = (11, 530, 55) if kind == "1" else (11, 530)
        return OrderMassCancelRequest(
            head,
            self._id(values, 11),
            kind,
            symbol,
            sent,
            self._end_client(values, fields),
            tuple(tag for tag in required if not values.get(tag)),
        )

    def _order_mass_status_request(
        self, head: Head, values: Values, fields: Fields
    ) -> OrderMassStatusRequest:
        symbol, sent = self._symbol(values)
        kind = values.get(585, "")
        required = (584, 585, 55) if kind == "1" else (584, 585)
        return OrderMassStatusRequest(
            head,
            self._id(values, 584),
            kind,
            symbol,
            sent,
            self._end_client(values, fields),
            tuple(tag for tag in required if not values.get(tag)),
        )

    def _quote_cancel(self, head: Head, values: Values, fields: Fields) -> QuoteCancel:
        symbol, sent = self._symbol(values)
        named = values.get(117) or values.get(131) or values.get(298) == "4"
        return QuoteCancel(
            head,
            self._id(values, 117),
            self._id(values, 131),
            values.get(298, ""),
            symbol,
            sent,
            values.get(301) != "0",
            missing=() if named else (117,),
            end_client=self._end_client(values, fields),
        )

    def _quote_response(self, head: Head, values: Values, fields: Fields) -> Inbound:
        resp_id, kind = self._id(values, 693), values.get(694, "")
        if kind == "1":
            order = self._order(head, values, fields, (11, 55, 54, 117))
            return structs.replace(order, ord_type=PREVIOUSLY_QUOTED, quote_resp_id=resp_id)
        if kind == "6":
            symbol, sent = self._symbol(values)
            return QuoteCancel(
                head,
                self._id(values, 117),
                self._id(values, 131),
                "",
                symbol,
                sent,
                True,
                resp_id,
                () if values.get(117) else (117,),
                self._end_client(values, fields),
            )
        return QuoteCounter(head, resp_id, kind)

    def _quote_status_request(
        self, head: Head, values: Values, fields: Fields
    ) -> QuoteStatusRequest:
        symbol, sent = self._symbol(values)
        return QuoteStatusRequest(
            head,
            self._id(values, 649),
            self._id(values, 117),
            self._id(values, 131),
            symbol,
            sent,
            () if values.get(117) or values.get(131) else (117,),
            self._end_client(values, fields),
        )

    def _complaint(self, head: Head, values: Values, fields: Fields) -> Complaint:
        reason = values.get(373) or values.get(380) or values.get(127) or ""
        ref = values.get(45)
        number = None if ref is None else read_int(45, ref)
        kind, exec_id, order_id, text = (legible(values.get(tag, "")) for tag in (372, 17, 37, 58))
        return Complaint(head, number, kind, exec_id, order_id, legible(reason), text)
