"""A simulated venue: the other end of the wire, for tests, demos and trials.

It speaks FIX as a liquidity provider does, and fails as one does: late, in part, by a last look,
with a book that is crossed, stalled or torn. It imports nothing of the desk that it trades with.
"""

from otcfix.sim.faults import Faults, Step, read_script
from otcfix.sim.venue import SimVenue

__all__ = ["Faults", "SimVenue", "Step", "read_script"]
