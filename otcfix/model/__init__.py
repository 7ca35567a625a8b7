"""The nouns: frozen values without I/O and without a clock.

Glossary
--------
Asset           a currency or coin, with the scale of its minor unit (USD 2, BTC 8).
Instrument      a pair of assets and the rules it trades by; a price is terms per one unit of base.
Side            the client's side, *of the base asset*; FIX says it of Currency(15) (rule R6).
Client, Session the legal counterparty; one FIX connection that acts for it.
Quote           one Quote(35=S); QuoteReqID(131) groups the quotes of one request.
Order, Trade    our state of an order; what was agreed, exactly once.
Hold            an amount moved from available to held: placed, then posted, voided or expired.
Transfer        one debit account, one credit account, one asset, one positive integer amount.
Obligation      what is owed, and on which value date.
Check, Finding, Verdict   one rule of the gate; what it measured; all findings and the outcome.
Refusal, Reject our reason; the FIX message that carries it.
Enquiry         a question of a client about what is his already; the answer changes nothing.
Event, Decision what came in, in one order for ever; what follows from it and from the state.
Facts           what the sequencer stamped on an event: rates, conversions, recalled ids.
Instant         microseconds since the epoch, UTC.
"""
