"""Two-way prices for a client, from stamped rates and by rules. Pure.

rules         which rule of pricing.toml holds; never: which one never can
composite     the sources that may be used, why the others may not, the mid
ladder        their depth, fees included, less what was taken; sweep: what a deal takes (R16)
client_price  the price, part by part, and why it is what it is
parts         spread, ladder, strategy, skew, toxicity in bps
strategies    Avellaneda-Stoikov, Gueant-Lehalle-Fernandez-Tapia, the FX dealer; lambert: W
firmness      last look (R19)
"""

from otcfix.pricing.client_price import Priced

__all__ = ["Priced"]
