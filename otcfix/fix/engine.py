"""One FIX engine: some sessions on one SocketAcceptor, which is stopped and built anew alone.

The binding knows no session that comes or goes while its acceptor lives. So the desk runs many
acceptors behind its one door: each with an ear that the door opens for one connection at a time,
and each polled only when one of its sockets has something to say.
"""

import contextlib
import errno
import os
import select
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import quickfix as fix

from otcfix.fix import descriptors
from otcfix.fix.descriptors import connected_to, family, identity, listens, seen_as_socket
from otcfix.fix.line import Line

CATCHING_UP_S = 5.0
CATCHING_UP_POLLS = 32
CATCHING_UP_WAIT_MS = 1

AGAIN_S = 0.02
"""How long an engine that was polled waits for its second poll, at most."""

DROPPED_MAX = 64
"""Connections that an engine may have dropped since its last poll, each of which costs one."""


class Engine:
    """The sessions of one group. name: the group's; lines: its sessions."""

    def __init__(
        self,
        name: str,
        lines: Sequence[Line],
        settings: str,
        application: Any,
        stores: Callable[[Any], Any] = fix.FileStoreFactory,
    ) -> None:
        """settings: QuickFIX's, as text. Errors: fix.ConfigError for what QuickFIX cannot read."""
        self.name = name
        self.lines = tuple(lines)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(settings)
            file.flush()
            known = fix.SessionSettings(file.name)
        self._acceptor = fix.SocketAcceptor(application, stores(known), known)
        for line in self.lines:
            line.session = fix.Session.lookupSession(line.session_id)
            line.engine = self
        self.leaving = False  # nobody is let in any more
        self.inside: dict[int, tuple[int, int]] = {}
        self._ear = -1
        self._bells: dict[int, tuple[int, int]] = {}
        self._behind_until = 0.0

    # -- life ----------------------------------------------------------------------------------

    def open(self, silence: int, port: int) -> list[int]:
        """Start it; returns its bells, which ring when it could not send all at once.

        silence: a descriptor that never has anything to read, which its ear is put to; port: the
        one that its settings name.
        Errors: RuntimeError of quickfix when its port is not to be had.
        """
        *pair, ear = expected = descriptors.next_free(3)
        before = set(descriptors.numbers()).difference(expected)
        self._acceptor.poll()
        if not (listens(ear, port) and all(family(one) == socket.AF_UNIX for one in pair)):
            # Another thread was quicker, and has some of the numbers.
            now = descriptors.numbers()
            ear = next(number for number in now if listens(number, port))
            opened = [number for number in now if number not in before]
            pair = [number for number in opened if family(number) == socket.AF_UNIX]
        self._ear = ear
        os.dup2(silence, ear, inheritable=False)
        # Another thread may have opened a pair of its own meanwhile: then neither is closed later.
        self._bells = {bell: identity(bell) for bell in pair} if len(pair) == 2 else {}
        return pair

    def poll(self) -> None:
        """Have it take what has arrived and look at its clocks."""
        self._acceptor.poll()

    def accept(self, sock: socket.socket, silence: int) -> int:
        """Take *sock* in: a copy of it is the engine's; returns the copy's number.

        It is made to accept a connection to nowhere, and *sock* is put in the place of that. Its
        ear is open for as long as this takes. Errors: OSError.
        """
        with socket.socket() as ear, socket.socket() as decoy:
            ear.bind(("127.0.0.1", 0))
            ear.listen()
            ear.setblocking(False)
            decoy.settimeout(1.0)
            decoy.connect(ear.getsockname())
            os.dup2(ear.fileno(), self._ear, inheritable=False)
            try:
                descriptor = self._accepted(decoy.getsockname(), decoy.getpeername())
            finally:
                os.dup2(silence, self._ear, inheritable=False)
            os.dup2(sock.fileno(), descriptor, inheritable=False)
        self.forget_closed()
        self.inside[descriptor] = identity(descriptor)
        return descriptor

    def _accepted(self, name: tuple[str, int], here: tuple[str, int]) -> int:
        # What the engine dropped since its last poll takes that poll's place.
        for _ in range(DROPPED_MAX):
            (likely,) = descriptors.next_free(1)
            self.poll()
            if descriptors.is_connected_to(likely, name, here):
                return likely
            descriptor = connected_to(name, here)
            if descriptor is not None:
                return descriptor
        raise OSError(errno.ECONNABORTED, "the engine did not accept it")

    def hang_up(self, descriptor: int) -> None:
        """End a connection; the engine reads the end and forgets it."""
        if self.inside.get(descriptor) == identity(descriptor):
            with contextlib.suppress(OSError), seen_as_socket(descriptor) as sock:
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it: its sessions exist no more, their stores are closed. Only once."""
        with contextlib.suppress(fix.RuntimeError):
            self._acceptor.stop(True)
        for line in self.lines:
            if line.engine is self:
                line.engine = line.session = None
        # Not by the last reference: the binding keeps each exception that leaves a callback, and by
        # its frames the acceptor; its sessions would live on under their names.
        acceptor, self._acceptor = self._acceptor, None
        acceptor.__swig_destroy__(acceptor)
        # The binding's acceptor does not close what belongs to a poll.
        for descriptor, known in (*self.inside.items(), *self._bells.items()):
            if known == identity(descriptor):
                os.close(descriptor)
        self.inside.clear()
        self._bells.clear()

    # -- a client that reads slowly ------------------------------------------------------------

    @property
    def behind(self) -> bool:
        """Whether it may have kept something back that could not be sent."""
        return self._behind_until > 0

    def rang(self) -> None:
        """It could not send all at once: from now on it goes on a message at a poll."""
        self._behind_until = time.monotonic() + CATCHING_UP_S

    def catch_up(self) -> None:
        """A client that read slowly reads again: send what the engine kept back, in some haste.

        The engine does not say when it has sent all. As long as some connection takes no more
        there may be something; after that, a few seconds are enough for any backlog.
        """
        for _ in range(CATCHING_UP_POLLS):
            self.poll()
        self.forget_closed()
        writable = select.poll()
        for descriptor in self.inside:
            writable.register(descriptor, select.POLLOUT)
        now = time.monotonic()
        if len(writable.poll(0)) < len(self.inside):
            self._behind_until = now + CATCHING_UP_S
        elif now > self._behind_until:
            self._behind_until = 0.0

    def forget_closed(self) -> None:
        """Forget the connections that it has closed since."""
        for descriptor, known in list(self.inside.items()):
            if known != identity(descriptor):
                del self.inside[descriptor]


class Engines:
    """All of them, by group, and which of their sockets has something to say."""

    def __init__(self, port: int) -> None:
        """port: which each of them has to itself while it is opened."""
        self._port = port
        self._by_name: dict[str, Engine] = {}
        self._of: dict[int, Engine] = {}
        self._bells: set[int] = set()
        self._ready = select.epoll()
        self._again: dict[Engine, None] = {}
        self._again_at = 0.0
        self._behind: dict[Engine, None] = {}
        # A pipe that nobody writes to: what the engines listen to while nobody is let in.
        self._silence, self._never = os.pipe()

    def fileno(self) -> int:
        """What is readable whenever one of them has something to say."""
        return self._ready.fileno()

    def __iter__(self) -> Iterator[Engine]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Engine | None:
        """The engine of a group; None when there is none."""
        return self._by_name.get(name)

    def add(self, engine: Engine) -> None:
        """Open *engine* and watch it. Errors: RuntimeError of quickfix."""
        bells = engine.open(self._silence, self._port)
        self._by_name[engine.name] = engine
        for bell in bells:
            self._watch(bell, engine)
            self._bells.add(bell)

    def _watch(self, descriptor: int, engine: Engine) -> None:
        # What was closed has left the epoll by itself; its number may be somebody else's now.
        self._bells.discard(descriptor)
        self._of[descriptor] = engine
        try:
            self._ready.register(descriptor, select.EPOLLIN)
        except FileExistsError:
            self._ready.modify(descriptor, select.EPOLLIN)

    def remove(self, engine: Engine) -> None:
        """End *engine*."""
        if self._by_name.get(engine.name) is engine:
            del self._by_name[engine.name]
        for descriptor in [one for one, owner in self._of.items() if owner is engine]:
            del self._of[descriptor]
            self._bells.discard(descriptor)
            with contextlib.suppress(OSError, ValueError):
                self._ready.unregister(descriptor)
        self._again.pop(engine, None)
        self._behind.pop(engine, None)
        engine.close()

    def let_in(self, sock: socket.socket, engine: Engine) -> int:
        """Put *sock* into *engine*; returns the engine's descriptor of it. Errors: OSError."""
        descriptor = engine.accept(sock, self._silence)
        self._watch(descriptor, engine)
        return descriptor

    def take(self) -> None:
        """Poll those that have something to say; when nobody has, those that had a moment ago.

        A second poll is what an engine needs to forget who it has just let go, and to look at the
        clocks of its sessions.
        """
        woken: dict[Engine, None] = {}
        for descriptor, _ in self._ready.poll(0):
            engine = self._of.get(descriptor)
            if engine is None:
                continue
            woken[engine] = None
            if descriptor in self._bells:
                engine.rang()
                self._behind[engine] = None
        for engine in woken:
            engine.poll()
        if self._again and (not woken or time.monotonic() > self._again_at):
            again, self._again = self._again, {}
            for engine in again:
                if engine not in woken:
                    engine.poll()
        if woken:
            if not self._again:
                self._again_at = time.monotonic() + AGAIN_S
            self._again.update(woken)
        for engine in list(self._behind):
            engine.catch_up()
            if not engine.behind:
                del self._behind[engine]

    def wake(self, engine: Engine) -> None:
        """Have *engine* polled at the next take."""
        self._again[engine] = None

    @property
    def behind(self) -> bool:
        """Whether one of them is to be polled soon, though nothing arrives."""
        return bool(self._again or self._behind)

    def close(self) -> None:
        """End all of them. Once is enough."""
        if self._silence < 0:
            return
        for engine in self:
            self.remove(engine)
        self._ready.close()
        for pipe in (self._silence, self._never):
            os.close(pipe)
        self._silence = -1
