"""Where prices come from: books of outside venues, and what they say about the desk's pairs.

book       one source's book: sorted levels, gapless, never crossed
intake     one source's way in: messages to its book, venue time to ours, book to the RateBook
source     SourceSpec: which venue, which contract, which assets (R11)
routes     how a source's book becomes a book of a pair: as it is, or through a live cross
basis      the moving difference between spot and a perpetual
held       what one source shows now
composite  Composite: the books that may contribute to one pair now (R11)
conversion how an asset's worth in the limit currency is found (R15)
ratebook   RateBook: the live composite that the sequencer stamps on events
formats    the venues' own JSON, line by line
recorded   recorded files: read, guessed at, replayed
simulated  a seeded venue for demos, tests and benchmarks
exchange   exchanges' WebSockets, through ccxt
estimates  volatility, usual spread and fast market of one path
markouts   how right each client is
measures   what of all that is told to the desk (R12)
feed       the thread under every feed

Venues are outside the decision core: they have clocks and threads, and a float where it is slow
knowledge (the basis, the measures). What reaches an event is Decimal.
"""
