"""Simulated counterparties: the other end of the wire, for tests, demos and trials.

A venue speaks FIX as a liquidity provider does, a client as a fund or a broker's order system;
and they fail as those do: late, in part, by a last look, with a book that is crossed, stalled or
torn, over a wire that loses, delays and spoils. They know nothing of the desk they trade with.
"""

from otcfix.sim.client import SimClient
from otcfix.sim.faults import Faults, Step, read_script
from otcfix.sim.speech import Speech
from otcfix.sim.trader import Plan
from otcfix.sim.venue import SimVenue
from otcfix.sim.wire import Wire
from otcfix.sim.wirefaults import Rule, Trouble, WireFaults, read_rule, read_rules

__all__ = [
    "Faults",
    "Plan",
    "Rule",
    "SimClient",
    "SimVenue",
    "Speech",
    "Step",
    "Trouble",
    "Wire",
    "WireFaults",
    "read_rule",
    "read_rules",
    "read_script",
]
