"""The world of FIX clients and liquidity providers: QuickFIX, and what stands before the desk.

`dictionaries` says which messages and fields pass, `parse` turns their text into the nouns of
`otcfix.model`, `render` turns decisions into text again; the acceptor only copies and enqueues.
"""
