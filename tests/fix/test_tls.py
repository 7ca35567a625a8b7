"""The TLS port by itself, and what PROXY headers say."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.config import AcceptorConfig
from otcfix.fix import tls
from otcfix.fix.certificates import Certificates, transport_refusal
from otcfix.fix.first_message import NotFix
from otcfix.fix.proxy import Peer, proxy_header
from otcfix.fix.tls import TlsPort
from otcfix.model.errors import ConfigError
from tests.support.certificates import Ca, context, fingerprint, openssl
from tests.support.desk_process import ROOT, free_port
from tests.support.echo_process import framed

V2 = b"\r\n\r\n\x00\r\nQUIT\n"
US = Peer("192.0.2.9")
IPV4 = V2 + b"\x21\x11\x00\x0c" + bytes((203, 0, 113, 7, 192, 0, 2, 1, 0, 1, 0, 2))
LOGON = framed("FIX.4.4", "35=A|49=ALPHA|56=OTCFIX|34=1|")


class Seen:
    """What a door is told."""

    def __init__(self) -> None:
        self.brought: list[tuple[socket.socket, Peer]] = []
        self.faults: list[tuple[str, str]] = []
        self.strangers: set[str] = set()

    def bring(self, sock: socket.socket, peer: Peer) -> None:
        self.brought.append((sock, peer))

    def bring_fault(self, address: str, why: str) -> None:
        self.faults.append((address, why))

    def stranger(self, address: str) -> str:
        return "back-off" if address in self.strangers else ""


@pytest.fixture
def ca(tmp_path: Path) -> Ca:
    """Whom both sides believe."""
    return Ca(tmp_path)


@pytest.fixture
def door() -> Iterator[Seen]:
    """In place of the desk's."""
    made = Seen()
    yield made
    for sock, _ in made.brought:
        sock.close()


@pytest.fixture
def port(ca: Ca, door: Seen, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """An open TLS port with little patience."""
    monkeypatch.setattr(tls, "PATIENCE_S", 0.6)
    monkeypatch.setattr(tls, "LOOK_S", 0.2)
    monkeypatch.setattr(tls, "WAITING_MAX", 8)
    certificate, key = ca.sign("desk")
    config = AcceptorConfig(
        tls_port=free_port(), certificate=str(certificate), private_key=str(key),
        client_ca=str(ca.path),
    )  # fmt: skip
    assert config.tls_port is not None
    made = TlsPort(config.tls_port, Certificates(config, Path()), ["127.0.0.9"], door)
    made.open()
    yield config.tls_port
    made.close()


def shake(port: int, ca: Ca, pair: tuple[Path, Path] | None = None) -> ssl.SSLSocket:
    """A connection after its handshake."""
    plain = socket.create_connection(("127.0.0.1", port), 5)
    return context(ca.path, pair).wrap_socket(plain, server_hostname="localhost")


def until(what: object, seconds: float = 5) -> None:
    """Wait until *what*, a list, has something in it."""
    end = time.monotonic() + seconds
    while not what and time.monotonic() < end:
        time.sleep(0.02)
    assert what


def test_the_door_gets_the_whole_first_message_and_who_sent_it(
    port: int, ca: Ca, door: Seen
) -> None:
    """Not a byte of it before."""
    with shake(port, ca, ca.sign("ALPHA")) as sock:
        sock.sendall(LOGON[:30])
        time.sleep(0.2)
        assert not door.brought
        sock.sendall(LOGON[30:] + b"more")
        until(door.brought)
        inner, peer = door.brought[0]
        assert (peer.address, peer.tls, peer.common_name) == ("127.0.0.1", True, "ALPHA")
        assert len(peer.fingerprint) == 64
        inner.settimeout(5)
        assert inner.recv(4096) == LOGON + b"more"
        inner.sendall(b"answer")
        assert sock.recv(100) == b"answer"


def test_of_two_names_in_a_certificate_neither_counts(port: int, ca: Ca, door: Seen) -> None:
    """Who has a name of his own signed beside another one's is not taken for the other."""
    sock = shake(port, ca, ca.sign("two", common_name="ALPHA/CN=BETA"))
    sock.sendall(LOGON)
    until(door.brought)
    peer = door.brought[0][1]
    assert (peer.tls, len(peer.fingerprint), peer.common_name) == (True, 64, "")
    sock.close()


def test_a_name_is_told_so_that_it_writes_nothing_else() -> None:
    """Whoever signs may write what he likes into a certificate, the journal not."""
    session = SimpleNamespace(tls="required", certificate=("CN=ALPHA",))
    peer = Peer("192.0.2.1", True, "", "ALPHA\n\x1b[2Jall is well")
    said = transport_refusal(session, peer)  # type: ignore[arg-type]
    assert said == r"client certificate of another: CN=ALPHA\n\x1b[2Jall is well"


def test_an_encrypted_key_is_refused_and_nobody_asked(ca: Ca, tmp_path: Path) -> None:
    """A desk that waits for a passphrase on a terminal waits for ever."""
    certificate, key = ca.sign("desk")
    locked = tmp_path / "locked.key"
    openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:open", "-out", str(locked))
    config = AcceptorConfig(tls_port=1024, certificate=str(certificate), private_key=str(locked))
    with pytest.raises(ConfigError, match="is encrypted"):
        Certificates(config, Path())


def test_what_is_too_slow_goes(port: int, ca: Ca, door: Seen) -> None:
    """Silence, half a message and a handshake alone; only what was said is a fault."""
    with socket.create_connection(("127.0.0.1", port), 5) as silent, shake(port, ca) as idle:
        with shake(port, ca) as slow:
            slow.sendall(LOGON[:30])
            assert slow.recv(1) == b""
        assert idle.recv(1) == b""
        assert silent.recv(1) == b""
    assert door.faults == [("127.0.0.1", "no complete first message in time")]


def test_an_end_without_a_goodbye_reaches_the_desk(port: int, ca: Ca, door: Seen) -> None:
    """And the other way round what the desk says last reaches the client."""
    first = shake(port, ca)
    first.sendall(LOGON)
    until(door.brought)
    first.close()
    inner = door.brought[0][0]
    inner.settimeout(5)
    assert inner.recv(4096) == LOGON
    assert inner.recv(1) == b""
    door.brought.clear()
    inner.close()
    with shake(port, ca) as second:
        second.sendall(LOGON)
        until(door.brought)
        last = door.brought[0][0]
        last.sendall(b"x" * 100_000)
        last.close()
        heard = 0
        while data := second.recv(65_536):
            heard += len(data)
        assert heard == 100_000


def test_a_client_who_does_not_read_is_not_read_for(port: int, ca: Ca, door: Seen) -> None:
    """What is kept for him is bounded; the desk's side then takes no more, and others go on."""
    with shake(port, ca) as deaf:
        deaf.sendall(LOGON)
        until(door.brought)
        inner = door.brought[0][0]
        inner.setblocking(False)
        taken = 0
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                taken += inner.send(b"x" * 65_536)
            except BlockingIOError:
                time.sleep(0.3)
                try:
                    taken += inner.send(b"x")
                except BlockingIOError:
                    break
        assert taken < 30_000_000
        with shake(port, ca) as other:
            other.sendall(LOGON)
            end = time.monotonic() + 2
            while len(door.brought) < 2 and time.monotonic() < end:
                time.sleep(0.02)
            assert len(door.brought) == 2


def test_a_crowd_from_one_address_sends_away_nobody_else(port: int, ca: Ca, door: Seen) -> None:
    """However many silent connections come behind him, a slow caller has his time."""
    plain = socket.create_connection(("127.0.0.1", port), 5, source_address=("127.0.0.3", 0))
    sock = context(ca.path).wrap_socket(plain, server_hostname="localhost")
    sock.sendall(LOGON[:9])
    crowd = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(40)]
    sock.sendall(LOGON[9:])
    until(door.brought)
    assert door.brought[0][1].address == "127.0.0.3"
    for one in (sock, *crowd):
        one.close()


def test_a_stranger_is_not_shaken_hands_with(port: int, ca: Ca, door: Seen) -> None:
    """Nor one whom a proxy tells."""
    door.strangers = {"127.0.0.1", "203.0.113.7"}
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake(port, ca)
    with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.9", 0)) as sock:
        sock.sendall(IPV4)
        assert sock.recv(1) == b""


# -- PROXY headers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n", "203.0.113.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "2001:db8::7"),
        (b"PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n", "203.0.113.7"),
        (b"PROXY UNKNOWN\r\n", "192.0.2.9"),
        (IPV4, "203.0.113.7"),
        (V2 + b"\x21\x21\x00\x24" + bytes(15) + b"\x07" + bytes(20), "::7"),
        (V2 + b"\x20\x00\x00\x00", "192.0.2.9"),
    ],
)
def test_a_header_says_who_calls(header: bytes, address: str) -> None:
    """Whole, with anything behind it; any part of it is waited for."""
    assert proxy_header(header + b"8=FIX", US) == (len(header), Peer(address))
    for length in range(len(header)):
        assert proxy_header(header[:length], US) is None


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", V2, V2 + b"\x21"]))
def test_bytes_are_a_header_or_not(data: bytes, start: bytes) -> None:
    """Whatever comes, it is judged, and never beyond its own end."""
    try:
        found = proxy_header(start + data, US)
    except NotFix:
        return
    assert found is None or 0 < found[0] <= len(start + data)


# -- scripts/certs -----------------------------------------------------------------------------


def test_the_script_makes_what_both_sides_need_and_makes_it_once(tmp_path: Path) -> None:
    """Its CA, its desk and its client understand each other; a second run changes nothing."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(ROOT / "scripts/certs"), "--dir", str(tmp_path / "made"), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    folder = tmp_path / "made"
    told = run("ALPHA")
    assert fingerprint(folder / "ALPHA.pem") in told
    first = {path: path.read_bytes() for path in folder.iterdir()}
    run("ALPHA", "BETA")
    second = {path: path.read_bytes() for path in folder.iterdir()}
    assert first.items() <= second.items()
    assert {path.name for path in second} - {path.name for path in first} == {
        "BETA.pem",
        "BETA.key",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in second)
    config = AcceptorConfig(
        tls_port=free_port(), certificate="desk.pem", private_key="desk.key",
        client_ca="ca.pem", client_certificate="required",
    )  # fmt: skip
    assert config.tls_port is not None
    door = Seen()
    made = TlsPort(config.tls_port, Certificates(config, folder), [], door)
    made.open()
    try:
        with context_of(folder, config.tls_port, "ALPHA") as sock:
            sock.sendall(LOGON)
            until(door.brought)
            assert door.brought[0][1].common_name == "ALPHA"
        bare = context_of(folder, config.tls_port, "")
        with bare, pytest.raises((ssl.SSLError, ConnectionError)):
            bare.recv(1)
    finally:
        made.close()
        for inner, _ in door.brought:
            inner.close()


def context_of(folder: Path, port: int, name: str) -> ssl.SSLSocket:
    """A connection to a desk with the script's certificates."""
    pair = (folder / f"{name}.pem", folder / f"{name}.key") if name else None
    plain = socket.create_connection(("127.0.0.1", port), 5)
    return context(folder / "ca.pem", pair).wrap_socket(plain, server_hostname="localhost")
