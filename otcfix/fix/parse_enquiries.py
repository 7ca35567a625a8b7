"""Enquiries from their fields: AD, x, c, g, AN, BB. Values of 263, 559, 569, 321 and 724 stay as
they were sent: the desk refuses those that it does not do by the message's own reject."""

from otcfix.fix.fields import Fields, Values
from otcfix.fix.pieces import Pieces
from otcfix.fix.wire import (
    VALUE_IS_INCORRECT,
    WireError,
    read_date,
    read_timestamp,
)
from otcfix.model.enquiries import (
    CollateralInquiry,
    RequestForPositions,
    SecurityDefinitionRequest,
    SecurityListRequest,
    TradeCaptureReportRequest,
    TradesWanted,
    TradingSessionStatusRequest,
)
from otcfix.model.messages import Head, Unsupported
from otcfix.model.time import Instant, local_date

OF_ONE_DEAL = (11, 37, 198, 526, 124, 897)
"""Tags of a CollateralInquiry that ask for the collateral of an order or a trade alone."""

DATES_MAX = 2


class EnquiryReader(Pieces):
    """Reads what asks for trades, instruments, states, positions and balances."""

    def _party(self, values: Values, fields: Fields) -> str:
        """A broker's end client; of a drop copy session the client named by 452=3; else ""."""
        if self._session.broker:
            return self._end_client(values, fields)
        if self._session.kind != "drop_copy":
            return ""
        party = ""
        for tag, value in fields:
            if tag == 448:
                party = value
            elif tag == 452 and value == "3":
                return party
        return ""

    def _trade_capture_report_request(
        self, head: Head, values: Values, fields: Fields
    ) -> TradeCaptureReportRequest:
        symbol, sent = self._symbol(values)
        since, until = self._span(fields)
        date_from, date_to = self._dates(fields)
        wire_side = values.get(54, "")
        if wire_side not in ("", "1", "2"):
            raise WireError(VALUE_IS_INCORRECT, 54, "54 is 1 or 2")
        return TradeCaptureReportRequest(
            head,
            self._id(values, 568),
            values.get(569, ""),
            values.get(263, ""),
            TradesWanted(
                self._id(values, 37),
                self._id(values, 11),
                self._id(values, 17),
                symbol,
                int(wire_side or 0),
                since,
                until,
                date_from,
                date_to,
                self._party(values, fields),
            ),
            sent,
            tuple(tag for tag in (568, 569) if not values.get(tag)),
        )

    @staticmethod
    def _span(fields: Fields) -> tuple[Instant, Instant]:
        """One 60: from then on; two: from the first to the second, both inclusive."""
        times = [read_timestamp(60, value) for tag, value in fields if tag == 60]
        if len(times) > DATES_MAX:
            raise WireError(VALUE_IS_INCORRECT, 580, "580 is 1 or 2")
        if not times:
            return 0, 0
        return times[0], times[1] if len(times) == DATES_MAX else 0

    @staticmethod
    def _dates(fields: Fields) -> tuple[str, str]:
        """One 75: that trading day; two: from the first to the second, both inclusive."""
        dates = [local_date(read_date(75, value)) for tag, value in fields if tag == 75]
        if len(dates) > DATES_MAX:
            raise WireError(VALUE_IS_INCORRECT, 580, "580 is 1 or 2")
        return (dates[0], dates[-1]) if dates else ("", "")

    def _security_list_request(
        self, head: Head, values: Values, fields: Fields
    ) -> SecurityListRequest:
        symbol, sent = self._symbol(values)
        kind = values.get(559, "")
        required = (320, 559, 55) if kind == "0" else (320, 559)
        return SecurityListRequest(
            head,
            self._id(values, 320),
            kind,
            values.get(263, ""),
            symbol,
            sent,
            tuple(tag for tag in required if not values.get(tag)),
        )

    def _security_definition_request(
        self, head: Head, values: Values, fields: Fields
    ) -> SecurityDefinitionRequest:
        symbol, sent = self._symbol(values)
        kind = values.get(321, "")
        required = (320, 321, 55) if kind in ("0", "1") else (320, 321)
        return SecurityDefinitionRequest(
            head,
            self._id(values, 320),
            kind,
            symbol,
            sent,
            tuple(tag for tag in required if not values.get(tag)),
        )

    def _trading_session_status_request(
        self, head: Head, values: Values, fields: Fields
    ) -> TradingSessionStatusRequest:
        # In 5.0SP2 336 has a list of values, and a market segment has none.
        sent = self._id(values, 1300 if self._session.version == "FIX.5.0SP2" else 336)
        return TradingSessionStatusRequest(
            head,
            self._id(values, 335),
            self._session.symbols.get(sent, sent),
            sent,
            values.get(263, ""),
            tuple(tag for tag in (335, 263) if not values.get(tag)),
        )

    def _request_for_positions(
        self, head: Head, values: Values, fields: Fields
    ) -> RequestForPositions:
        symbol, sent = self._symbol(values)
        return RequestForPositions(
            head,
            self._id(values, 710),
            values.get(724, ""),
            values.get(263, ""),
            values.get(1, ""),
            self._account_type(values),
            symbol or values.get(15, ""),
            sent,
            self._party(values, fields),
            tuple(tag for tag in (710, 724) if not values.get(tag)),
        )

    @staticmethod
    def _account_type(values: Values) -> str:
        """AccountType(581) comes back where every version has it; other values do not."""
        value = values.get(581, "")
        return value if value in ("1", "2", "3", "4", "6", "7", "8") else ""

    def _user_request(self, head: Head, values: Values, fields: Fields) -> Unsupported:
        """What comes here could not be read before, where its secrets were looked at (`users`)."""
        self._id(values, 923)
        self._id(values, 553)
        return Unsupported(head)

    def _collateral_inquiry(self, head: Head, values: Values, fields: Fields) -> CollateralInquiry:
        return CollateralInquiry(
            head,
            self._id(values, 909),
            values.get(263, ""),
            values.get(1, ""),
            values.get(15, ""),
            self._party(values, fields),
            next((tag for tag, _ in fields if tag in OF_ONE_DEAL), 0),
            () if values.get(909) else (909,),
        )
