"""serve --feed FILE: what a recorded file prices, and an instrument for it where there is none."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import islice
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any

from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.config import Config

SAMPLE = 2_000
"""Messages of the file that are looked at."""

LOT_WORTH = 100
"""About what the smallest quantity of an added instrument is worth, in its terms."""

LOTS_MAX = 100_000
SCALE_NEW = 8
"""Decimals of an asset that is not configured."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The configuration for this run, the symbol that the file prices, and what to say of it."""

    config: "Config"
    symbol: str
    notes: tuple[str, ...]


def prepared(config: "Config", path: Path) -> Prepared:
    """Make the desk able to deal in what *path* prices.

    Errors: FeedBroken when the file does not tell, ConfigError when no client could deal in it.
    """
    from otcfix.venues.recorded import guess  # noqa: PLC0415

    found = guess(path)
    symbol = found.symbol
    what = f"{path.name}: {found.venue} {found.kind} {found.selector}, prices {symbol}"
    if any(i.symbol == symbol for i in config.desk.instrument):
        notes = [f"{what}, as configured"]
    else:
        config, added = _with_instrument(config, path, found)
        keep = f'[[instrument]] symbol = "{symbol}" in {config.folder / "desk.toml"}'
        notes = [
            f"{what}, which is not configured: added for this run ({added})",
            f'clients with instruments = ["*"] may deal in {symbol}; to keep it: {keep}',
        ]
    notes += _unpriced(config, found, symbol)
    return Prepared(config, symbol, tuple(notes))


def _with_instrument(config: "Config", path: Path, found: Any) -> tuple["Config", str]:
    from otcfix.config.models import AssetConfig, InstrumentConfig  # noqa: PLC0415

    symbol = found.symbol
    if not any(symbol in c.instruments or "*" in c.instruments for c in config.clients.client):
        raise ConfigError(
            f'{config.folder / "clients.toml"}: no client may deal in {symbol}: name it, or "*", '
            "in a client's instruments"
        )
    desk = config.desk
    known = {a.code for a in desk.asset}
    new = tuple(
        AssetConfig(code=code, scale=SCALE_NEW)
        for code in (found.base, found.quote)
        if code not in known
    )
    scales = {a.code: a.scale for a in (*desk.asset, *new)}
    tick, lot = steps(path, found.selector, scales[found.base])
    instrument = InstrumentConfig(
        symbol=symbol,
        base=found.base,
        terms=found.quote,
        tick=tick,
        lot=lot,
        qty_min=lot,
        qty_max=lot * LOTS_MAX,
    )
    changed = desk.model_copy(
        update={"asset": desk.asset + new, "instrument": (*desk.instrument, instrument)}
    )
    added = f"tick {tick:f}, lot {lot:f}, up to {lot * LOTS_MAX:f}"
    return config.model_copy(update={"desk": changed}), added


def steps(path: Path, selector: str, base_scale: int) -> tuple[Decimal, Decimal]:
    """Tick and lot for the book *selector* of a recorded file.

    The tick is the finest step of the file's prices; the lot a power of ten worth about
    LOT_WORTH, no finer than the file's quantities and the asset.
    Errors: ConfigError for a file without a level.
    """
    prices: list[Decimal] = []
    quantities: list[Decimal] = []
    for price, quantity in _levels(path, selector):
        prices.append(price)
        if quantity:
            quantities.append(quantity)
    if not prices or not quantities:
        raise ConfigError(f"{path}: no price of {selector} in its first {SAMPLE} messages")
    tick = min(map(_step, prices))
    worth = Decimal(LOT_WORTH) / median_low(prices)
    round_lot = Decimal(1).scaleb(worth.adjusted())
    finest = max(min(map(_step, quantities)), Decimal(1).scaleb(-base_scale))
    return _plain(tick), _plain(max(round_lot, finest))


def _levels(path: Path, selector: str) -> list[tuple[Decimal, Decimal]]:
    from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot  # noqa: PLC0415
    from otcfix.venues.recorded import read  # noqa: PLC0415

    levels: list[tuple[Decimal, Decimal]] = []
    for message in islice(read(path), SAMPLE):
        if message.selector not in ("", selector):
            continue
        if isinstance(message, BestBidOffer):
            levels.append((message.bid, message.bid_quantity))
            levels.append((message.offer, message.offer_quantity))
        elif isinstance(message, BookSnapshot | BookDelta):
            levels += [*message.bids[:5], *message.offers[:5]]
    return levels


def _step(value: Decimal) -> Decimal:
    """The place of the last digit that is not zero: 61737.63000000 has 0.01, 105000 has 1."""
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def _plain(value: Decimal) -> Decimal:
    """The same without an exponent: 1E+2 is 100."""
    return value.quantize(Decimal(1), ROUND_FLOOR) if value >= 1 else value


def _unpriced(config: "Config", found: Any, symbol: str) -> list[str]:
    """What the file does not price, and worths that nobody can tell."""
    from otcfix.venues.conversion import FixedRate, paths  # noqa: PLC0415
    from otcfix.venues.routes import routes_of  # noqa: PLC0415

    into = config.desk.limit_currency
    specs = [found.spec()]
    fixed = [FixedRate(asset, into, rate) for asset, rate in config.venues.fixed_rates.items()]
    notes = []
    without = [
        i.symbol for i in config.to_desk().instruments
        if i.symbol != symbol and not routes_of(i, specs)
    ]  # fmt: skip
    if without:
        notes.append(f"no prices in this run for {', '.join(without)}")
    notes += [
        f"what {asset} is worth in {into} is not known, so {symbol} will be refused: put "
        f"{asset} into fixed_rates of {config.folder / 'venues.toml'}"
        for asset in (found.base, found.quote)
        if asset != into and not paths(asset, into, specs, fixed)
    ]
    return notes
