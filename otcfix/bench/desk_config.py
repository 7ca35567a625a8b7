"""The desk that is measured: 100 clients, each with one FIX 4.4 session, one frozen market.

Limits that would stop a flood are wide, the rest is as in the shipped configuration: ten levels of
a book are stamped on every event, every check of the gate runs, every client is prefunded.
"""

import random
import socket
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from otcfix.bench.load import DESK, secret_of, session_name
from otcfix.config import hash_secret

FUNDS = {"USD": Decimal(1_000_000_000), "BTC": Decimal(10_000)}
PORTS = range(10_000, 15_000)
"""Below what systems hand out to outgoing connections, beside what our tests take."""

_DESK = """
name = "bench"
limit_currency = "USD"
id_key = "62656e63682062656e63682062656e63"
clock_skew_max_ms = 10000

[[asset]]
code = "USD"
scale = 2
[[asset]]
code = "BTC"
scale = 8

[[instrument]]
symbol = "BTC/USD"
base = "BTC"
terms = "USD"
tick = 0.01
lot = 0.001
qty_min = 0.001
qty_max = 100
price_age_max_ms = 10000
quote_life_ms = 10000

[[tier]]
name = "gold"
half_spread_bps = 5
fee_bps = 1
"""

_VENUES = """
[[source]]
name = "frozen"
venue = "simulated"
base = "BTC"
quote = "USD"
depth = 10

[source.simulated]
seed = 7
mid = 100000
levels = 10
level_notional = 1000000000
interval_ms = 100
frozen = true
"""

_INSTRUMENT = """
[[instrument]]
symbol = "{base}/USD"
base = "{base}"
terms = "USD"
tick = 0.01
lot = 0.001
qty_min = 0.1
qty_max = 1000
price_age_max_ms = 10000
"""

_MOVING = """
[[source]]
name = "moving-{base}"
venue = "simulated"
base = "{base}"
quote = "USD"
depth = 10

[source.simulated]
seed = {seed}
mid = 1000
levels = 10
level_notional = 1000000
sigma_bps = 3
interval_ms = 190
"""

_CLIENT = """
[[client]]
id = "{name}"
name = "{name}"
tier = "gold"
accounts = ["{name}-1"]
instruments = ["*"]
quote_notional_max = 1000000000
order_notional_max = 1000000000
position_max = 1000000000000
open_orders_max = 1000000
open_quotes_max = 1000000
slippage_default_bps = 20

[client.profile]
kind = "fund"
jurisdiction = "CH"
client_class = "professional"

[client.profile.kyc]
status = "APPROVED"
made_by = "maker"
approved_by = "checker"
"""

_JURISDICTIONS = """
[[rule]]
id = "everything"
effect = "ALLOW"
"""

_SESSION = """
[[session]]
key = "{name}"
version = "FIX.4.4"
sender_comp_id = "{desk}"
target_comp_id = "{name}"
client = "{name}"
username = "{name}"
password_hash = "{password_hash}"
order_age_max_ms = 60000
quote_request_age_max_ms = 60000
clock_skew_max_ms = 10000
unproven_max = 1000000
"""


_SCREENING = """
folder = "{folder}/sanctions"
[[list]]
name = "own"
format = "own_csv"
files = ["own.csv"]
"""

_LIST = """id,kind,name,aliases,dob,country,addresses,remarks
1,organisation,Blackmarsh Example Trading FZE,,,AE,,invented
"""


def write(folder: Path, port: int, sessions: int, streamed: Sequence[str] = ()) -> None:
    """Write the files of a configuration into *folder*.

    streamed: base assets of more instruments, in USD, whose books move five times a second.
    """
    names = [session_name(number) for number in range(sessions)]
    assets = "".join(f'[[asset]]\ncode = "{base}"\nscale = 8\n' for base in streamed)
    more = "".join(_INSTRUMENT.format(base=base) for base in streamed)
    (folder / "desk.toml").write_text(_DESK + assets + more, "utf-8")
    moving = "".join(_MOVING.format(base=base, seed=n) for n, base in enumerate(streamed))
    (folder / "venues.toml").write_text(_VENUES + moving, "utf-8")
    # Shorter than the books' own interval, so that every one of their moves is told.
    (folder / "pricing.toml").write_text("[stream]\ninterval_ms = 100\n", "utf-8")
    (folder / "screening.toml").write_text(_SCREENING.format(folder=folder), "utf-8")
    (folder / "own.csv").write_text(_LIST, "utf-8")
    clients = "".join(_CLIENT.format(name=name) for name in names)
    (folder / "clients.toml").write_text(clients, "utf-8")
    (folder / "jurisdictions.toml").write_text(_JURISDICTIONS, "utf-8")
    acceptor = f"[acceptor]\nport = {port}\nstore = '{folder / 'state'}'\n"
    told = "".join(
        _SESSION.format(
            name=name,
            desk=DESK.decode(),
            password_hash=hash_secret(secret_of(name), "5a" * 16),
        )
        for name in names
    )
    (folder / "sessions.toml").write_text(acceptor + told, "utf-8")


def copy_all(folder: Path, number: int) -> None:
    """Make the session of that number a drop copy of all clients."""
    path = folder / "sessions.toml"
    text = path.read_text("utf-8")
    name = session_name(number)
    clients = ", ".join(f'"{session_name(n)}"' for n in range(number + 1))
    key = f'key = "{name}"\n'
    path.write_text(text.replace(key, f'{key}kind = "drop_copy"\ndrop_copy_of = [{clients}]\n'))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    ports = random.SystemRandom().sample(PORTS, len(PORTS))
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port in {PORTS}")
