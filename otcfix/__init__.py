"""otcfix: the open gateway with which an over-the-counter trading desk serves its clients over FIX.

Where to start reading: README.md holds the map; `otcfix.model` the words; `otcfix.desk.decide` the
table of contents of every decision; `otcfix.sequencer` the one loop that everything passes through.
"""

__version__ = "0.4.0"
