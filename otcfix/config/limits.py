"""The models of limits.toml: what may be used of what, by whom."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from otcfix.config.models import Closed, NotNegative
from otcfix.desk.limit_rows import own_measures
from otcfix.model.limit import CLASS, CLIENT, INSTRUMENT, TIER, Limit, Names, fault_of

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.checks import Problem

Word = Annotated[str, Field(max_length=80)]


class LimitConfig(Closed):
    """[[limit]] of limits.toml; see `model.Limit`."""

    who: Word
    what: Word = ""
    measure: Word
    amount: NotNegative

    def made(self) -> Limit:
        """As the core has it."""
        return Limit(self.who, self.what, self.measure, self.amount)


class LimitsConfig(Closed):
    """limits.toml. Without the file only the limits in clients.toml hold."""

    limit: tuple[LimitConfig, ...] = ()


FILE = "limits.toml"


def check_limits(config: "Config", problem: "Problem") -> None:
    """Unknown names, limits said twice, and limits that can never bind because a wider one is
    smaller."""
    known = Names(
        {c.id for c in config.clients.client},
        {t.name for t in config.desk.tier},
        {i.symbol for i in config.desk.instrument},
        {i.asset_class for i in config.desk.instrument if i.asset_class},
    )
    seen: dict[tuple[str, str, str], Decimal] = {}
    for number, one in enumerate(config.limits.limit):
        limit, where = one.made(), f"limit[{number}]"
        fault = fault_of(limit, known)
        if fault:
            problem(FILE, where, fault)
            continue
        name = " ".join(word for word in (limit.measure, limit.who, limit.what) if word)
        if limit.key in seen:
            problem(FILE, where, f"{name} is said twice")
        seen[limit.key] = limit.amount
        if limit.who.startswith(CLIENT) and not limit.what and limit.measure in own_measures():
            key = own_measures()[limit.measure]
            client = limit.who.removeprefix(CLIENT)
            problem(FILE, where, f"{name} is said by {key} of client {client} in clients.toml")
    _contradictions(config, seen, problem)


def _contradictions(
    config: "Config", seen: dict[tuple[str, str, str], Decimal], problem: "Problem"
) -> None:
    """A narrower limit above a wider one of the same measure never binds: one of them is wrong."""
    tiers = {f"{CLIENT}{c.id}": f"{TIER}{c.tier}" for c in config.clients.client}
    classes = {f"{INSTRUMENT}{i.symbol}": f"{CLASS}{i.asset_class}" for i in config.desk.instrument}
    for (who, what, measure), amount in seen.items():
        for wider_who in (who, tiers.get(who, who)):
            for wider_what in (what, classes.get(what, what), ""):
                wider = (wider_who, wider_what, measure)
                if wider == (who, what, measure) or wider not in seen:
                    continue
                if measure == "position" and wider_what == "" != what:
                    continue  # without a name it counts each asset alone
                if amount > seen[wider]:
                    name = " ".join(word for word in (measure, who, what) if word)
                    of = " ".join(word for word in (wider_who, wider_what) if word)
                    problem(FILE, name, f"{amount} can never bind: that of {of} is {seen[wider]}")
