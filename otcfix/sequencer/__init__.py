"""The one loop: take, stamp, decide, apply, commit, speak. And the ports that it needs.

`loop.Sequencer` runs; `stamping` attaches facts; `deciding` turns an event into a decision and
its words; `recovery` brings State back after a stop; `inbox` is what waits.
"""
