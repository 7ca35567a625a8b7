"""Where an address lies: the networks and countries of the file that [geofence] names.

The file has one network and its country a line, `203.0.113.0/24,CH` or `2001:db8::/32,LI`, comments
behind #. What no line names lies nowhere, and so does this machine itself: a private network or
loopback has a country only when the file says so.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from otcfix.model.countries import is_country
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.config import Config


class Network(NamedTuple):
    """Addresses from first to last (both included) as integers, and the line that names them."""

    first: int
    last: int
    country: str
    line: int


class Geofence:
    """Networks in order: an address is found in microseconds."""

    def __init__(self, networks: Iterable[tuple[int, Network]] = ()) -> None:
        """networks: each with its IP version, 4 or 6. Overlapping ones: see `read`."""
        self._sorted: dict[int, list[Network]] = {4: [], 6: []}
        for version, network in networks:
            self._sorted[version].append(network)
        for known in self._sorted.values():
            known.sort()
        self._firsts = {
            version: [network.first for network in known] for version, known in self._sorted.items()
        }

    def __len__(self) -> int:
        return sum(map(len, self._sorted.values()))

    def country_of(self, address: str) -> str:
        """The country in which *address* lies; "" when no network has it, or it is none."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return ""
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        number = int(parsed)
        place = bisect_right(self._firsts[parsed.version], number) - 1
        if place < 0:
            return ""
        network = self._sorted[parsed.version][place]
        return network.country if number <= network.last else ""

    def overlaps(self) -> list[tuple[Network, Network]]:
        """Neighbours of which the second begins before the first ends."""
        found = []
        for known in self._sorted.values():
            widest: Network | None = None
            for network in known:
                if widest is not None and network.first <= widest.last:
                    found.append((widest, network))
                if widest is None or network.last > widest.last:
                    widest = network
        return found


NOWHERE = Geofence()


def read(path: Path) -> tuple[Geofence, list[str]]:
    """Read a file of networks; with every problem of it, one a line.

    A file with problems gives no geofence to go by: who must lie in a country is then let in from
    nowhere.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return NOWHERE, [f"{path}: cannot be read: {error}"]
    problems: list[str] = []
    networks: list[tuple[int, Network]] = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        found = _network(number, text)
        if isinstance(found, str):
            problems.append(f"{path}: line {number}: {found} (got {line.strip()[:60]!r})")
        else:
            networks.append(found)
    made = Geofence(networks)
    for pair in made.overlaps():
        first, second = sorted(pair, key=lambda one: one.line)
        problems.append(f"{path}: line {second.line}: overlaps the network of line {first.line}")
    return (NOWHERE if problems else made), problems


def _network(number: int, text: str) -> tuple[int, Network] | str:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        return "expected network,country"
    try:
        network = ipaddress.ip_network(parts[0])
    except ValueError:
        return "expected a network such as 203.0.113.0/24, without bits behind its prefix"
    if not is_country(parts[1]):
        return "expected a country such as CH (ISO 3166)"
    first, last = int(network.network_address), int(network.broadcast_address)
    return network.version, Network(first, last, parts[1], number)


def geofence_of(config: "Config") -> Geofence:
    """The geofence that sessions with countries are held against; it is not read for nobody.

    Errors: ConfigError with every problem of the file.
    """
    file = config.jurisdictions.geofence.file
    if not file or not any(session.countries for session in config.sessions.session):
        return NOWHERE
    made, problems = read(config.folder / file)
    if problems:
        raise ConfigError("\n".join(problems))
    return made
