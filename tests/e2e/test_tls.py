"""TLS at the desk's own port and behind a proxy: real sockets, real certificates."""

import json
import shutil
import signal
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.certificates import Ca, TlsClient, context, fingerprint, old_context
from tests.support.desk_process import DeskProcess, free_port

REQUEST = "35=R|131={0}|146=1|55=BTC/USD|54=1|38=0.01"
PROXY, FUND = "127.0.0.9", "203.0.113.7"


class Place(NamedTuple):
    """A desk with a TLS port: ALPHA44 wants ALPHA's certificate, BETA42 takes anything, GAMMA50
    comes without TLS and from FUND alone, over the proxy that stands at PROXY."""

    desk: DeskProcess
    port: int
    ca: Ca
    alpha: ssl.SSLContext


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One desk for all: what a test spoils it spoils from an address of its own."""
    folder = tmp_path_factory.mktemp("tls")
    ca = Ca(folder / "certs")
    alpha, port = ca.sign("ALPHA"), free_port()
    certificate, key = ca.sign("desk")
    acceptor = (
        f'proxy_from = ["{PROXY}"]\ntls_port = {port}\ncertificate = "{certificate}"\n'
        f'private_key = "{key}"\nclient_ca = "{ca.path}"\nallow_from = []\n'
    )
    pinned = f'tls = "required"\ncertificate = ["CN=nobody", "{fingerprint(alpha[0])}"]\n'
    fund = f'allow_reset = true\ntls = "refused"\nallowed_remote_addresses = ["{FUND}"]\n'
    edits = [
        ('allow_from = ["127.0.0.1"]\n', acceptor),
        ('key = "ALPHA44"\n', f'key = "ALPHA44"\n{pinned}'),
        ('key = "GAMMA50"\n', f'key = "GAMMA50"\n{fund}'),
        ("allowed_remote_addresses = []\n", ""),
        ('tls = "optional"\n', ""),
        ("allow_reset = false\n", "allow_reset = true\n"),
        ('key = "BETA42"\n', 'key = "BETA42"\nallow_reset = true\n'),
    ]
    frozen = [("mid = 100000,", "mid = 100000, frozen = true,")]
    desk = DeskProcess(folder, edits={"sessions.toml": edits, "venues.toml": frozen})
    desk.fund(("ALPHA", "USD", "500000"))
    desk.start()
    yield Place(desk, port, ca, context(ca.path, alpha))
    desk.kill()


def log_of(place: Place) -> str:
    """What the desk has logged."""
    return place.desk.log.read_text()


def is_logged(place: Place, *words: str) -> bool:
    """Whether the desk logs any of *words*, soon."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if any(word in log_of(place) for word in words):
            return True
        time.sleep(0.05)
    return False


def closed(sock: socket.socket) -> bool:
    """Whether the desk closes a connection without a word of FIX."""
    sock.settimeout(5)
    try:
        return sock.recv(4096) == b""
    except ssl.SSLError:
        return True  # an alert of TLS
    except ConnectionError:
        return True


def refused(client: TlsClient) -> bool:
    """Whether a client gets nowhere, and hears no word of FIX."""
    try:
        return not client.logon(wait=5) and not client.admin
    except (ssl.SSLError, ConnectionError):
        return True


def beta(place: Place, source: str = "127.0.0.1", before: bytes = b"", **options: str) -> TlsClient:
    """BETA over TLS, without a certificate."""
    names = {"me": "BETA", "username": "beta", "secret": "trial-secret-beta"} | options
    return TlsClient(
        place.port, context(place.ca.path), source=source, before=before,
        version="FIX.4.2", **names,
    )  # fmt: skip


def gamma(place: Place, before: bytes, source: str = PROXY) -> TlsClient:
    """GAMMA in plain text, over a proxy."""
    return TlsClient(
        place.desk.port, None, source=source, before=before, version="FIX.5.0SP2",
        me="GAMMA", username="gamma", secret="trial-secret-gamma",
    )  # fmt: skip


def version_1(address: str) -> bytes:
    """A PROXY header of version 1."""
    return f"PROXY TCP4 {address} 192.0.2.1 40000 9878\r\n".encode()


def version_2(address: str, more: bytes = b"", command: int = 0x21) -> bytes:
    """A PROXY header of version 2."""
    body = socket.inet_aton(address) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 4, 5)
    body += more
    head = b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack("!BBH", command, 0x11, len(body))
    return head + body


# -- native ----------------------------------------------------------------------------------


def test_a_client_with_its_certificate_deals(place: Place) -> None:
    """Logon, request and quote over TLS."""
    client = TlsClient(place.port, place.alpha, source="127.0.0.2")
    assert client.logon()
    request = f"T{time.monotonic_ns()}"
    client.say(REQUEST.format(request))
    client.hear("S", t131=request)
    assert client.sock is not None
    assert isinstance(client.sock, ssl.SSLSocket)
    assert client.sock.version() in ("TLSv1.2", "TLSv1.3")
    client.logout()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(place: Place, version: ssl.TLSVersion) -> None:
    """1.2 is the least by default."""
    client = TlsClient(place.port, place.alpha)
    client.tls = context(place.ca.path, place.ca.sign("any"))
    client.tls.minimum_version = client.tls.maximum_version = version
    client.connect()
    assert client.sock is not None


def test_an_old_version_is_refused(place: Place) -> None:
    """TLS 1.1 gets an alert."""
    sock = socket.create_connection(("127.0.0.1", place.port), 5, ("127.0.0.3", 0))
    with sock, pytest.raises((ssl.SSLError, ConnectionError)):
        old_context(place.ca.path).wrap_socket(sock, server_hostname="localhost")
    assert is_logged(place, "TLS: UNSUPPORTED_PROTOCOL")


@pytest.mark.parametrize("days", [-1, 30], ids=["expired", "of a wrong CA"])
def test_a_bad_certificate_ends_in_the_handshake(place: Place, tmp_path: Path, days: int) -> None:
    """The CA that signed it is believed or not; a day too late is too late."""
    signer = place.ca if days < 0 else Ca(tmp_path / "other", "ca")
    pair = signer.sign(f"bad{days}", common_name="ALPHA", days=days)
    client = TlsClient(place.port, context(place.ca.path, pair), source="127.0.0.4")
    assert refused(client)
    expired = ("certificate has expired",)
    assert is_logged(place, *(expired if days < 0 else ("local issuer", "signature failure")))


def test_a_certificate_of_somebody_else_is_turned_away_and_journaled(place: Place) -> None:
    """Signed by the same CA, with the right password: the session is pinned to another one."""
    wrong = TlsClient(place.port, context(place.ca.path, place.ca.sign("BETA")), source="127.0.0.5")
    assert refused(wrong)
    bare = TlsClient(place.port, context(place.ca.path), source="127.0.0.6")
    time.sleep(1.1)  # one such note a second is journaled
    assert refused(bare)
    assert "client certificate of another: CN=BETA" in log_of(place)
    assert "session ALPHA44: no client certificate" in log_of(place)
    notes = [row for row in journal(place) if "AdminSeen" in str(row)]
    assert any("from 127.0.0.5: client certificate of another" in str(row) for row in notes)
    assert any("from 127.0.0.6: no client certificate" in str(row) for row in notes)


def journal(place: Place) -> list[object]:
    """Every event of the desk's day."""
    time.sleep(0.3)
    shown = place.desk.run("journal", "show", "--from", "1", "--database", place.desk.database,
                           "--json")  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    return list(json.loads(shown.stdout)["events"])


def test_a_wrong_certificate_counts_for_the_back_off(place: Place) -> None:
    """Ten of them, and the address is not even heard; others are."""
    wrong = context(place.ca.path, place.ca.sign("MALLORY"))
    for _ in range(10):
        assert refused(TlsClient(place.port, wrong, source="127.0.0.7"))
    with socket.create_connection(("127.0.0.1", place.port), 5, ("127.0.0.7", 0)) as sock:
        assert closed(sock)
    test_a_client_with_its_certificate_deals(place)


def test_a_session_that_wants_tls_is_deaf_without_it(place: Place) -> None:
    """And one that refuses it is deaf with it."""
    time.sleep(1.1)  # only so many refusals a second are logged
    plain = TlsClient(place.desk.port, None, source="127.0.0.8")
    assert refused(plain)
    assert "session ALPHA44: not over TLS" in log_of(place)
    secure = TlsClient(
        place.port, context(place.ca.path), before=version_1(FUND), source=PROXY,
        version="FIX.5.0SP2", me="GAMMA", username="gamma", secret="trial-secret-gamma",
    )  # fmt: skip
    assert refused(secure)
    assert "session GAMMA50: over TLS, which is refused" in log_of(place)


def test_an_optional_session_comes_either_way(place: Place) -> None:
    """BETA over TLS, then without; its numbers go on."""
    client = beta(place)
    assert client.logon()
    client.logout()
    client.port, client.tls = place.desk.port, None
    assert client.logon()
    client.logout()


def test_plain_text_on_the_tls_port_is_not_answered(place: Place) -> None:
    """A Logon in the clear, an HTTP request, noise."""
    for number, said in enumerate((b"8=FIX.4.4\x019=5\x0135=A\x01", b"GET / HTTP/1.0\r\n\r\n",
                                   bytes(range(256)) * 40)):  # fmt: skip
        source = (f"127.0.1.{number + 1}", 0)
        with socket.create_connection(("127.0.0.1", place.port), 5, source) as sock:
            sock.sendall(said)
            assert_ended(sock)


def assert_ended(sock: socket.socket) -> None:
    """The desk ends a connection; what TLS says before that is no FIX."""
    sock.settimeout(5)
    heard = b""
    try:
        while data := sock.recv(4096):
            heard += data
    except ConnectionError:
        pass
    assert b"8=FIX" not in heard


def test_silent_callers_and_half_handshakes_hold_nobody_up(place: Place) -> None:
    """Fifty that say nothing, twenty that begin and stop, and a client deals at once."""
    hello = ssl.MemoryBIO()
    half = context(place.ca.path).wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    said = hello.read()
    silent = [
        socket.create_connection(("127.0.0.1", place.port), 5, ("127.0.2.1", 0)) for _ in range(70)
    ]
    for sock in silent[50:]:
        sock.sendall(said[:100])
    started = time.monotonic()
    test_a_client_with_its_certificate_deals(place)
    assert time.monotonic() - started < 3
    assert closed(silent[0])  # who has waited longest goes when there are too many
    for sock in silent:
        sock.close()


def test_what_is_no_fix_ends_over_tls_too(place: Place) -> None:
    """The door hears it as it hears a plain one."""
    with TlsSocket(place, "127.0.2.3") as rude:
        rude.sendall(b"hello, this is not a FIX message at all")
        assert closed(rude)


def TlsSocket(place: Place, source: str) -> ssl.SSLSocket:  # noqa: N802 - reads as a class
    """A connection after its handshake, without a word of FIX."""
    plain = socket.create_connection(("127.0.0.1", place.port), 5, (source, 0))
    return context(place.ca.path).wrap_socket(plain, server_hostname="localhost")


def test_a_logon_in_pieces_over_tls(place: Place) -> None:
    """Records of one byte are put together."""
    client = beta(place)
    client.connect()
    outer = client.sock
    assert outer is not None
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client.sock = ours
        client.send(
            "A", [(98, "0"), (108, "30"), (141, "Y"), (553, "beta"), (554, "trial-secret-beta")]
        )
        whole = theirs.recv(4096)
    client.sock = outer
    for byte in whole:
        outer.sendall(bytes((byte,)))
    end = time.monotonic() + 5
    while not client.online and time.monotonic() < end:
        client.poll(0.05)
    assert client.online
    client.logout()


def test_much_goes_through(place: Place) -> None:
    """Two thousand requests' worth of bytes each way, in order."""
    client = beta(place)
    assert client.logon()
    started = time.monotonic()
    for number in range(2_000):
        client.send("1", [(112, f"{number}-{'x' * 200}")])
    answers = 0
    while answers < 2_000 and time.monotonic() - started < 20:
        client.poll(0.05)
        answers = sum(1 for m in client.admin if m.kind == "0" and m.get(112))
    assert answers == 2_000
    client.logout()


# -- certificates change -----------------------------------------------------------------------


def shown_by(place: Place) -> bytes:
    """The desk's certificate as a new connection sees it."""
    with TlsSocket(place, "127.0.3.1") as sock:
        return sock.getpeercert(binary_form=True) or b""


def test_a_new_certificate_is_shown_without_a_restart(place: Place) -> None:
    """Noticed by itself; a spoiled one leaves the old one; who is connected notices nothing."""
    old = TlsClient(place.port, place.alpha)
    assert old.logon()
    before = shown_by(place)
    place.ca.sign("desk")
    end = time.monotonic() + 10
    while (after := shown_by(place)) == before and time.monotonic() < end:
        time.sleep(0.1)
    assert after != before
    good = (place.ca.folder / "desk.pem").read_text()
    (place.ca.folder / "desk.pem").write_text("no certificate")
    assert place.desk.process is not None
    place.desk.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while "certificates_not_reloaded" not in log_of(place) and time.monotonic() < end:
        time.sleep(0.1)
    assert shown_by(place) == after
    (place.ca.folder / "desk.pem").write_text(good)
    place.desk.process.send_signal(signal.SIGHUP)
    old.say(REQUEST.format("T9"))
    old.hear("S", t131="T9")
    old.logout()


# -- behind a proxy ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [version_1(FUND), version_2(FUND)], ids=["version 1", "version 2"]
)
def test_the_session_sees_the_address_behind_the_proxy(place: Place, header: bytes) -> None:
    """GAMMA may come from the fund's address alone."""
    client = gamma(place, header)
    assert client.logon()
    client.logout()


@pytest.mark.parametrize(
    "header",
    [
        b"",
        version_1("198.51.100.1"),
        version_2("198.51.100.2"),
        b"PROXY TCP4 nowhere 192.0.2.1 1 2\r\n",
        b"PROXY " + b"x" * 200,
        version_2(FUND)[:12] + b"\xff\xff\xff\xff",
        version_2(FUND, b"\x20\x00\xff\x01"),
    ],
    ids=["none", "another address", "another address, 2", "no address", "no end", "garbage", "cut"],
)
def test_what_a_proxy_says_wrong_is_turned_away(place: Place, header: bytes) -> None:
    """A proxy always says who calls, and that is believed: for good and bad."""
    assert refused(gamma(place, header))


def test_nobody_else_s_header_is_believed(place: Place) -> None:
    """Forged from an address that is no proxy's."""
    for number, header in enumerate((version_1(FUND), version_2(FUND))):
        assert refused(gamma(place, header, source=f"127.0.4.{number + 1}"))
        assert refused(beta(place, source=f"127.0.4.{number + 3}", before=header))


def test_a_header_comes_before_the_handshake(place: Place) -> None:
    """A proxy that passes TLS through."""
    client = beta(place, source=PROXY, before=version_2("198.51.100.9"))
    assert client.logon()
    client.logout()
    assert any("198.51.100.9" in str(row) for row in journal(place))  # SessionUp says from where


def test_a_proxy_that_ends_tls_says_so(place: Place) -> None:
    """ALPHA wants TLS and CN=nobody or its fingerprint: the proxy tells the verified name."""
    name = b"nobody"
    told = b"\x05\x00\x00\x00\x00\x22" + struct.pack("!H", len(name)) + name
    unverified = b"\x05\x00\x00\x00\x01" + told[5:]
    for said, comes in ((unverified, False), (told, True)):
        more = b"\x20" + struct.pack("!H", len(said)) + said
        header = version_2("198.51.100.3", more)
        client = TlsClient(place.desk.port, None, source=PROXY, before=header)
        if comes:
            assert client.logon()
            client.logout()
        else:
            assert refused(client)


def test_guesses_behind_a_proxy_count_for_who_guesses(place: Place) -> None:
    """Not for the proxy, and not for his neighbours behind it."""
    time.sleep(1.1)  # one note a second is journaled
    for _ in range(11):
        guess = beta(place, source=PROXY, before=version_1("198.51.100.66"), secret="guess")
        try:
            assert not guess.logon(wait=2)
        except (ssl.SSLError, ConnectionError):
            break  # not even heard any more
        guess.drop()
    assert refused(beta(place, source=PROXY, before=version_1("198.51.100.66")))
    good = beta(place, source=PROXY, before=version_1("198.51.100.67"))
    assert good.logon()
    good.logout()
    assert "failed logons from 198.51.100.66: turned away" in str(journal(place))


def test_a_health_check_of_the_proxy_is_nobody_s_fault(place: Place) -> None:
    """LOCAL, UNKNOWN, or a connection without a word."""
    for said in (version_2(FUND, command=0x20), b"PROXY UNKNOWN\r\n", b""):
        for port in (place.desk.port, place.port):
            for _ in range(6):
                with socket.create_connection(("127.0.0.1", port), 5, (PROXY, 0)) as sock:
                    sock.sendall(said)
    client = gamma(place, version_1(FUND))
    assert client.logon()
    client.logout()


# -- our own client, and what the configuration says ---------------------------------------------


def test_otcfix_client_speaks_tls(place: Place) -> None:
    """It checks the desk's certificate, shows its own, and says what is wrong with either."""
    folder, common = place.ca.folder, ("client", "rfq", "BTC/USD", "0.01", "--side", "buy", "--tls")
    where = ("--config", str(place.desk.config), "--state", str(folder / "client"))
    mine = ("--certificate", str(folder / "ALPHA.pem"), "--key", str(folder / "ALPHA.key"))
    ca = ("--ca", str(place.ca.path))
    good = place.desk.run(*common, *where, *ca, *mine)
    assert good.returncode == 0, good.stderr
    assert "Quoted." in good.stdout
    for arguments, code, said in (
        ((*mine,), 5, "--ca names whom to believe"),
        ((*ca, *mine, "--port", str(place.desk.port)), 5, "TLS port"),
    ):
        bad = place.desk.run(*common, *where, "--timeout", "3", *arguments)
        assert bad.returncode == code, bad.stderr
        assert said in bad.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('port = 9878', 'port = 9878\ntls_port = 9879', "acceptor.certificate: expected a PEM"),
        ('port = 9878', 'port = 9878\nclient_ca = "no.pem"', "acceptor.client_ca: no file"),
        ('kind = "both"', 'kind = "both"\ntls = "required"', "tls: expected [acceptor] tls_port"),
        ('kind = "both"', 'kind = "both"\ncertificate = ["CN=A"]', 'tls: expected "required"'),
        ('kind = "both"', 'kind = "both"\ntls = "required"\ncertificate = ["A"]', "certificate"),
    ],
)  # fmt: skip
def test_the_configuration_says_what_is_missing(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """With file and key."""
    desk = DeskProcess(tmp_path)
    path = desk.config / "sessions.toml"
    path.write_text(
        path.read_text()
        .replace(f"port = {desk.port}", "port = 9878")
        .replace('tls = "optional"\n', "")
        .replace(old, new)
    )
    told = desk.run("check", "--config", str(desk.config))
    assert told.returncode == 1
    assert said in told.stderr + told.stdout


def test_a_key_that_is_not_the_certificate_s_stops_the_start(tmp_path: Path) -> None:
    """With the reason, before anybody is let in."""
    ca = Ca(tmp_path / "certs")
    shutil.copy(ca.sign("a")[0], tmp_path / "desk.pem")
    shutil.copy(ca.sign("b")[1], tmp_path / "desk.key")
    tls = (
        f'tls_port = {free_port()}\ncertificate = "{tmp_path}/desk.pem"\n'
        f'private_key = "{tmp_path}/desk.key"\n'
    )
    desk = DeskProcess(tmp_path)
    path = desk.config / "sessions.toml"
    path.write_text(path.read_text().replace("[acceptor]\n", f"[acceptor]\n{tls}", 1))
    told = desk.run("serve", "--config", str(desk.config), "--database", desk.database)
    assert told.returncode == 3
    assert "acceptor.certificate" in told.stderr
