"""Letting go of a listening socket, and why: an acceptor that is stopped must not crash."""

import socket
import subprocess
import sys

from otcfix.fix.listening import let_go

STOPS = """
import socket, tempfile
import quickfix as fix
from otcfix.fix.listening import let_go

class Deaf(fix.Application):
    def onCreate(self, session_id): pass
    def onLogon(self, session_id): pass
    def onLogout(self, session_id): pass
    def toAdmin(self, message, session_id): pass
    def fromAdmin(self, message, session_id): pass
    def toApp(self, message, session_id): pass
    def fromApp(self, message, session_id): pass

kept = []
for n in range(3):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write("[DEFAULT]\\nConnectionType=acceptor\\nNonStopSession=Y\\nHeartBtInt=30\\n"
                   f"SocketAcceptPort={port}\\nUseDataDictionary=N\\n[SESSION]\\n"
                   f"BeginString=FIX.4.4\\nSenderCompID=D{n}\\nTargetCompID=C\\n")
        file.flush()
        settings = fix.SessionSettings(file.name)
    deaf, stores = Deaf(), fix.MemoryStoreFactory()
    acceptor = fix.SocketAcceptor(deaf, stores, settings)
    kept.append((deaf, stores, settings, acceptor))
    acceptor.start()
    socket.create_connection(("127.0.0.1", port), 5).close()
    with let_go(port):
        acceptor.stop()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
print("stopped")
"""


def test_nobody_is_let_in_and_the_port_is_free() -> None:
    """Within, a connection is refused; afterwards the descriptor is nobody's listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with let_go(port), socket.socket() as caller:
            assert caller.connect_ex(("127.0.0.1", port)) != 0
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_port_that_is_not_ours() -> None:
    """Then there is nothing to let go of."""
    with let_go(1):
        pass


def test_an_acceptor_stops() -> None:
    """QuickFIX's own way crashes the process now and then: it deletes what it loops over."""
    done = subprocess.run(
        [sys.executable, "-c", STOPS], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "stopped\n"
