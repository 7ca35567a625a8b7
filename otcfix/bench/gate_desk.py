"""A large desk, made for measuring the gate: State with its clients, rules, limits and usage.

Everything is drawn from one seed: the same desk on every machine.
"""

import random
from decimal import Decimal
from itertools import product

from otcfix.desk.state import State
from otcfix.desk.usage import KeptUsage, Usage
from otcfix.gate.policy import canonical
from otcfix.ledger.chart import client_account
from otcfix.model import limit as measures
from otcfix.model.countries import COUNTRIES
from otcfix.model.decision import Decision
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.limit import Limit
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier
from otcfix.model.policy import ALLOW, LIMIT, REVIEW, Licence, Policy, PolicyRule
from otcfix.model.pricing import SourceTerms
from otcfix.model.profile import APPROVED, Document, Kyc, Owner, Profile
from otcfix.model.screening import CLEAR, Screened
from otcfix.model.throttle import EVERYBODY, HitRatio, HitStep, Throttle
from otcfix.model.time import DAY, Instant
from otcfix.settlement.calendar import trading_day

AT: Instant = 1_800_000_000_000_000
SEED = 5
LISTS = "ofac 2025-01-02 3f1c"
SOURCES = ("one", "two", "three")

_d = Decimal
_BASES = "BTC ETH SOL XRP ADA DOT LTC BCH LINK UNI AVAX ATOM XLM ALGO NEAR FIL".split()
_FX = "EUR GBP AUD NZD CAD CHF SEK NOK".split()
MIDS = {code: _d(100_000) / 2**n for n, code in enumerate(_BASES)} | dict.fromkeys(_FX, _d("1.1"))
MIDS = {code: mid.quantize(_d("0.01")) for code, mid in MIDS.items()}
_TIERS = ("bronze", "silver", "gold", "platinum", "house")
_REGIONS = ("EU", "EEA", "APAC", "LATAM", "GCC", "offshore", "watched", "core")
_CLASSES = ("professional", "eligible_counterparty")
_KINDS = ("fund", "bank", "broker", "corporate")
_MONEY = (measures.TURNOVER_DAY, measures.TURNOVER_30D, measures.LOSS, measures.POSITION)


def state_of(clients: int, rules: int, limits: int) -> State:
    """A desk that has dealt for a month, with so many clients, jurisdiction rules and limits."""
    chance = random.Random(SEED)  # noqa: S311 - the same desk on every machine
    desk = _desk(clients, rules, limits, chance)
    state = State(bytes(16))
    state.set_desk(desk, "bench")
    digest_of = state.clientele.digest_of
    screened = [
        Screened(one.client_id, CLEAR, LISTS, AT - n % 9 * DAY, digest_of(one.client_id))
        for n, one in enumerate(desk.clients)
    ]
    state.clientele.take(Decision(screened=tuple(screened)))
    usage = state.limits.usage = _usage(desk, chance)
    state.limits.marks = {a.code: (MIDS.get(a.code, _d(1)), AT) for a in desk.assets}
    for one in desk.clients:
        for code in {leg: None for symbol in one.instruments for leg in symbol.split("/")}:
            state.balances[client_account(one.client_id, "available", code)] = 10**13
        for symbol in one.instruments[: chance.randint(0, 2)]:
            usage.count_quote(one.client_id, symbol, 1)
    return state


def _desk(clients: int, rules: int, limits: int, chance: random.Random) -> Desk:
    assets = [Asset("USD", 2), *(Asset(code, 8) for code in _BASES), *(Asset(c, 2) for c in _FX)]
    by_code = {asset.code: asset for asset in assets}
    instruments = [
        *(_instrument(by_code[code], by_code["USD"], "crypto") for code in _BASES),
        *(_instrument(by_code[code], by_code["EUR"], "crypto") for code in _BASES[:8]),
        *(_instrument(by_code[code], by_code["USD"], "fx") for code in _FX),
    ]
    symbols = [one.symbol for one in instruments]
    policy = canonical(_policy(rules, symbols, chance))
    people = tuple([_client(n, symbols, chance) for n in range(clients)])
    return Desk(
        "bench",
        "USD",
        tuple(assets),
        tuple(instruments),
        tuple([Tier(name, _d(5), _d(1)) for name in _TIERS]),
        people,
        tuple([_session(one) for one in people]),
        60_000,
        10,
        3,
        3_000,
        (),
        "bench",
        sources=tuple([SourceTerms(name) for name in SOURCES]),
        policy=policy,
        limits=_limits(limits, people, symbols, chance),
        throttles=(
            *(
                Throttle(EVERYBODY, "quote", _d(1_000), 2_000),
                Throttle(EVERYBODY, "order", _d(500), 500),
            ),
            *(Throttle(one.client_id, "quote", _d(5_000), 9_000) for one in people[:500]),
        ),
        hit_ratio=HitRatio(steps=(HitStep(_d("0.01"), _d("0.5")),)),
    )


def _instrument(base: Asset, terms: Asset, asset_class: str) -> Instrument:
    return Instrument(
        f"{base.code}/{terms.code}",
        base,
        terms,
        _d("0.0001"),
        _d("0.001"),
        _d("0.001"),
        _d(1_000_000),
        60_000,
        3_000,
        _d(500),
        _d(0),
        _d("0.01"),
        0 if asset_class == "crypto" else 2,
        "America/New_York",
        17 * 60,
        Hours("UTC"),
        asset_class,
        "spot",
    )


def _client(number: int, symbols: list[str], chance: random.Random) -> Client:
    name = f"C{number}"
    known = Kyc(
        APPROVED,
        "2",
        "2031-01-01",
        (Document("passport", "ab" * 32, "2030-05-01"), Document("register", "cd" * 32)),
        "maker",
        "checker",
        AT - 90 * DAY,
    )
    profile = Profile(
        chance.choice(_KINDS),
        "",
        chance.choice(COUNTRY_CODES),
        chance.choice(_CLASSES),
        owners=(Owner(f"Owner {number}", _d(60), "1970", "CH"),),
        kyc=known,
    )
    mine = tuple(chance.sample(symbols, 4))
    return Client(
        name,
        f"Client {number} Ltd",
        True,
        _TIERS[number % 5],
        (f"{name}-1",),
        mine,
        _d(10**9),
        _d(10**9),
        _d(10**12),
        100,
        100,
        _d(20),
        {},
        profile=profile,
    )


COUNTRY_CODES = tuple(sorted(COUNTRIES))


def _session(client: Client) -> Session:
    return Session(
        client.client_id,
        "FIX.4.4",
        "both",
        client.client_id,
        "",
        False,
        {},
        (),
        "currency",
        False,
        1,
        "refuse",
        False,
        False,
        60_000,
        60_000,
        10_000,
        False,
        0,
        False,
        "reject",
        {},
        2_000,
        True,
    )


def _policy(count: int, symbols: list[str], chance: random.Random) -> Policy:
    """Everywhere something is said of classes and assets; what denies is never the narrowest."""
    regions = {name: tuple(chance.sample(COUNTRY_CODES, 25)) for name in _REGIONS}
    assets = ["*", "class:crypto", "class:fx", *_BASES, *_FX, *symbols]
    places = [*_REGIONS, *COUNTRY_CODES]
    rules = [PolicyRule("everything", ALLOW, client_class=name) for name in _CLASSES]
    for number, (place, asset) in enumerate(product(places, assets)):
        effect = (ALLOW, ALLOW, LIMIT, ALLOW)[number % 4]
        if place in _REGIONS and asset in _FX:
            effect = REVIEW
        rules.append(
            PolicyRule(
                f"r{number:05d}",
                effect,
                place,
                asset,
                ("*", *_CLASSES)[number % 3],
                "*",
                ("*", "buy", "*", "sell")[number % 4] if place in _REGIONS else "*",
                ((measures.ORDER_NOTIONAL, _d(10**8)),) if effect == LIMIT else (),
                licence="dealer" if number % 7 == 0 else "",
                legal_reference=f"Act {number % 97}, s. {number % 13}",
                valid_from="2024-01-01",
                valid_to="2035-12-31" if number % 5 == 0 else "",
            )
        )
    dull = [rule for rule in rules if rule.effect != REVIEW]
    kept = chance.sample(dull[2:], count - 2)
    licence = Licence("L1", "dealer", "*", "Desk AG", valid_from="2020-01-01")
    return Policy("", regions, (*dull[:2], *kept), (licence,))


def _limits(
    count: int, clients: tuple[Client, ...], symbols: list[str], chance: random.Random
) -> tuple[Limit, ...]:
    """The desk's and the tiers' first, then clients' own until there are *count*."""
    much = _d(10**14)
    made = {(one.key): one for one in _common_limits(symbols, much)}
    while len(made) < count:
        who = f"client:{chance.choice(clients).client_id}"
        what = chance.choice(("", "class:crypto", f"instrument:{chance.choice(symbols)}"))
        one = Limit(who, what, chance.choice(_MONEY), much)
        made[one.key] = one
    return tuple(made.values())


def _common_limits(symbols: list[str], much: Decimal) -> list[Limit]:
    found = [Limit("desk", "", measure, much) for measure in _MONEY]
    found += [Limit("desk", f"class:{name}", measures.POSITION, much) for name in ("crypto", "fx")]
    for symbol in symbols:
        what = f"instrument:{symbol}"
        found.append(Limit("desk", what, measures.ORDER_SIZE, _d(10**6)))
        found.append(Limit("desk", what, measures.POSITION, much))
    for tier in _TIERS:
        who = f"tier:{tier}"
        found += [Limit(who, "", measure, much) for measure in (*_MONEY, measures.SETTLEMENT)]
        found.append(Limit(who, "", measures.MEDIAN_MULTIPLE, _d(1000)))
    for tier in _TIERS[:2]:
        who = f"tier:{tier}"
        found.append(Limit(who, "class:crypto", measures.POSITION, much))
        found.append(Limit(who, "class:crypto", measures.TURNOVER_DAY, much))
    return found


def _usage(desk: Desk, chance: random.Random) -> Usage:
    """A month of dealing: every client on a dozen days, in each of his instruments."""
    today = trading_day(desk.instruments[0], AT)[0].toordinal()
    days: dict[tuple[str, str], dict[int, int]] = {}
    deals: dict[tuple[str, str], tuple[int, int]] = {}
    for client in desk.clients:
        name = client.client_id
        for symbol in client.instruments:
            for day in chance.sample(range(today - 29, today + 1), 12):
                amount = chance.randint(10**12, 10**14)
                for key in product((name, ""), (symbol, "")):
                    of = days.setdefault(key, {})
                    of[day] = of.get(day, 0) + amount
        symbol, base = client.instruments[0], chance.randint(1, 10**8)
        if chance.random() < 0.2:
            deals[name, symbol] = (base, -base)
            had = deals.get(("", symbol), (0, 0))
            deals["", symbol] = (had[0] - base, had[1] + base)
    return Usage.load(
        KeptUsage(
            [(*key, [(day, _d(n)) for day, n in of.items()]) for key, of in days.items()],
            [],
            today,
            [(*key, _d(base), _d(terms)) for key, (base, terms) in deals.items()],
            [(one.client_id, [_d(10**13)] * 20) for one in desk.clients],
        )
    )
