"""The PROXY protocol, versions 1 and 2: who calls, as a proxy in front of us tells it.

Believed only from the addresses in [acceptor] proxy_from, and asked of these always: a receiver
must not guess whether a header comes. https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
"""

import ipaddress
import re
import socket
import struct
from typing import NamedTuple

from otcfix.fix.first_message import NotFix

HEADER_MAX = 2_048
"""Bytes of a header with its additions; with addresses alone it has 52."""

V1_MAX = 107
_V1 = re.compile(rb"PROXY (?:TCP[46] (\S+) \S+ \d{1,5} \d{1,5}|UNKNOWN[^\r\n]*)\r\n")
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD = 16
_ADDRESSES = {0x11: (socket.AF_INET, 4, 12), 0x21: (socket.AF_INET6, 16, 36)}
_SSL, _SSL_CN = 0x20, 0x22
_IS_TLS, _HAS_CERTIFICATE = 0x01, 0x06


class Peer(NamedTuple):
    """Who is at the other end: his address; over TLS the certificate that he proved to have.

    fingerprint: SHA-256 of it in hex; common_name: its subject's; "" where there is none.
    """

    address: str
    tls: bool = False
    fingerprint: str = ""
    common_name: str = ""


def proxy_header(data: bytes, proxy: Peer) -> tuple[int, Peer] | None:
    """The length of the header that *data* begins with, and who calls; None while it is not whole.

    proxy: who sent it; a connection of its own (LOCAL, UNKNOWN: a health check) is his. A proxy
    that ends TLS says so, and who the client's certificate names if it has verified one.
    Errors: NotFix.
    """
    if data.startswith(_V2[: len(data)]):
        return _version_2(data, proxy)
    if data.startswith(b"PROXY "[: len(data)]):
        return _version_1(data, proxy)
    raise NotFix("a proxy without a PROXY header")


def _version_1(data: bytes, proxy: Peer) -> tuple[int, Peer] | None:
    end = data.find(b"\r\n", 0, V1_MAX)
    if end < 0:
        if len(data) >= V1_MAX:
            raise NotFix("a PROXY header without an end")
        return None
    found = _V1.fullmatch(data, 0, end + 2)
    if found is None:
        raise NotFix("a garbled PROXY header")
    if found[1] is None:
        return end + 2, proxy
    try:
        return end + 2, proxy._replace(address=_plain(found[1].decode("ascii")))
    except ValueError:
        raise NotFix("a PROXY header with a garbled address") from None


def _version_2(data: bytes, proxy: Peer) -> tuple[int, Peer] | None:
    if len(data) < _V2_HEAD:
        return None
    version_command, family, length = struct.unpack_from("!BBH", data, len(_V2))
    end = _V2_HEAD + length
    if version_command not in (0x20, 0x21) or end > HEADER_MAX:
        raise NotFix("a garbled PROXY header")
    if len(data) < end:
        return None
    if version_command == 0x20:
        return end, proxy
    if family not in _ADDRESSES:
        raise NotFix("a PROXY header of no TCP connection")
    kind, size, rest = _ADDRESSES[family]
    if length < rest:
        raise NotFix("a PROXY header without its addresses")
    address = _plain(socket.inet_ntop(kind, data[_V2_HEAD : _V2_HEAD + size]))
    return end, _with_tls(proxy._replace(address=address), data[_V2_HEAD + rest : end])


def _with_tls(peer: Peer, additions: bytes) -> Peer:
    """What a proxy that ended TLS tells of it."""
    said = _additions(additions).get(_SSL)
    if said is None or len(said) < 5 or not said[0] & _IS_TLS:
        return peer
    verified = said[0] & _HAS_CERTIFICATE and said[1:5] == b"\0\0\0\0"
    name = _additions(said[5:]).get(_SSL_CN, b"") if verified else b""
    return peer._replace(tls=True, common_name=name.decode("utf-8", "backslashreplace"))


def _additions(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while place < len(data):
        if place + 3 > len(data):
            raise NotFix("a garbled PROXY header")
        kind, length = struct.unpack_from("!BH", data, place)
        place += 3
        if place + length > len(data) or kind in found:
            raise NotFix("a garbled PROXY header")
        found[kind] = data[place : place + length]
        place += length
    return found


def _plain(text: str) -> str:
    """An address as rules write it: IPv4 within IPv6 is IPv4."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)
