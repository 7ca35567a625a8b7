"""What liquidity providers send to our acceptor: Quote (S), MassQuote (i), QuoteCancel (Z)."""

from otcfix.fix.fields import Fields, Values
from otcfix.fix.pieces import Pieces
from otcfix.fix.wire import VALUE_IS_INCORRECT, WireError, read_id, read_int
from otcfix.model.messages import (
    Head,
    Inbound,
    ProviderEntry,
    ProviderMassQuote,
    ProviderQuote,
    ProviderQuoteCancel,
    Unsupported,
)

INDICATIVE = "0"
ENTRIES_MAX = 1_000


class ProviderPieces(Pieces):
    """The readers of a provider's session."""

    def _provider_quote(self, head: Head, values: Values, fields: Fields) -> Inbound:
        if self._session.kind != "provider":
            return Unsupported(head)
        return ProviderQuote(
            head,
            self._id(values, 117),
            self._symbol(values)[0],
            self._decimal(values, 132),
            self._decimal(values, 133),
            self._decimal(values, 134),
            self._decimal(values, 135),
            self._time(values, 62),
            values.get(537) == INDICATIVE,
        )

    def _mass_quote(self, head: Head, values: Values, fields: Fields) -> Inbound:
        """The sets (296, each from its 302) and in them the entries (295, each from its 299)."""
        if self._session.kind != "provider":
            return Unsupported(head)
        entries: list[ProviderEntry] = []
        sizes = {134: values.get(293), 135: values.get(294)}
        default = {tag: value for tag, value in sizes.items() if value is not None}
        set_id, set_until = "", ""
        entry: Values | None = None
        for tag, value in [*fields, (302, "")]:
            if tag in (302, 299):
                if entry is not None:
                    entries.append(self._entry(set_id, set_until, default | entry))
                entry = None
            if tag == 302:
                set_id, set_until = value, ""
            elif tag == 299:
                entry = {299: value}
            elif entry is not None:
                entry.setdefault(tag, value)
            elif tag == 367:
                set_until = value
        if len(entries) > ENTRIES_MAX:
            raise WireError(VALUE_IS_INCORRECT, 295, f"more than {ENTRIES_MAX} entries")
        level = values.get(301)
        return ProviderMassQuote(
            head,
            self._id(values, 117),
            self._id(values, 131),
            tuple(entries),
            values.get(537) == INDICATIVE,
            0 if level is None else read_int(301, level),
        )

    def _entry(self, set_id: str, set_until: str, values: Values) -> ProviderEntry:
        if not values.get(55):
            raise WireError(VALUE_IS_INCORRECT, 55, "an entry without its symbol")
        read_id(55, values[55])
        until = {62: values.get(62) or set_until}
        return ProviderEntry(
            set_id,
            self._id(values, 299),
            self._symbol(values)[0],
            self._decimal(values, 132),
            self._decimal(values, 133),
            self._decimal(values, 134),
            self._decimal(values, 135),
            self._time(until, 62) if until[62] else None,
        )

    def _provider_quote_cancel(self, head: Head, values: Values, fields: Fields) -> Inbound:
        symbols = [self._symbol({55: value})[0] for tag, value in fields if tag == 55]
        return ProviderQuoteCancel(
            head, self._id(values, 117), values.get(298, ""), tuple(dict.fromkeys(symbols))
        )
