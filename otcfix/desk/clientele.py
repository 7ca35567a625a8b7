"""The register of clients, and what screening said of them: a part of State.

A client comes from clients.toml or from a command. What a command has set wins over the file from
then on, field by field (`changed` names them; `profile.wallets` is one field of the profile,
`settlement_limits.USD` one asset of the limits). Whom a command made is the commands' altogether. A
client with changes who leaves the file is kept, disabled: when he comes back, so do the changes, or
a suspension could be undone by deleting him for one start.

For an auditor: the register on any day is the clients of the last Boot event that carries a
configuration, with the commands of the journal laid over them in their order.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct, structs

from otcfix.model.decision import Decision, sha256_of
from otcfix.model.party import Client
from otcfix.model.screening import GoodGuy, Screened

_encode = msgspec.msgpack.Encoder().encode


def subject_digest(client: Client) -> str:
    """SHA-256 (hex, 16 digits) of what is screened of *client*: names, owners, banks, wallets,
    birth, country."""
    known = client.profile
    parts = (
        *(client.name, known.kind, known.lei, known.jurisdiction, known.birth),
        *(known.owners, known.banks, known.wallets),
    )
    return sha256_of(_encode(parts)).hex()[:16]


def laid_over(seed: Client, before: Client) -> Client:
    """*seed* with the fields that commands have set on *before*."""
    whole: dict[str, Any] = {}
    of_profile: dict[str, Any] = {}
    limits = dict(seed.settlement_limits)
    for name in before.changed:
        part, _, field = name.partition(".")
        if part == "profile":
            of_profile[field] = getattr(before.profile, field)
        elif part == "settlement_limits":
            limits[field] = before.settlement_limits.get(field, 0)
        else:
            whole[name] = getattr(before, name)
    profile = structs.replace(seed.profile, **of_profile)
    return structs.replace(
        seed, profile=profile, settlement_limits=limits, changed=before.changed, **whole
    )


def floors_of(clients: Iterable[Client]) -> dict[tuple[str, str], int]:
    """How far below zero each client's available account may go, by (client_id, asset): minor
    units. What the store keeps as floors."""
    return {
        (client.client_id, asset): limit
        for client in clients
        for asset, limit in client.settlement_limits.items()
    }


class KeptClientele(Struct, array_like=True):
    """The clientele as it stands in a snapshot."""

    clients: list[Client]
    screened: list[Screened]
    good_guys: list[GoodGuy]


class Clientele:
    """Clients by id. Only `seed` and `take` change it."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.screened: dict[str, Screened] = {}
        self.good_guys: dict[tuple[str, str], GoodGuy] = {}
        self._digests: dict[str, str] = {}

    def digest_of(self, client_id: str) -> str:
        """Of everything of a client that is screened, as he is now; "" for nobody."""
        return self._digests.get(client_id, "")

    def unscreened(self) -> list[str]:
        """The clients of whom no verdict speaks as they are now, in order of their ids."""
        return sorted(
            key
            for key, digest in self._digests.items()
            if key not in self.screened or self.screened[key].subject_digest != digest
        )

    def seeded(self, seeds: tuple[Client, ...]) -> dict[str, Client]:
        """Every client as he stands with these of the file: see above."""
        known: dict[str, Client] = {}
        named = {seed.client_id for seed in seeds}
        for key, one in self.clients.items():
            if "client_id" in one.changed:
                known[key] = one
            elif one.changed and key not in named:
                known[key] = structs.replace(one, enabled=False)
        for seed in seeds:
            before = self.clients.get(seed.client_id)
            if before is None or not before.changed:
                known[seed.client_id] = seed
            elif "client_id" not in before.changed:
                known[seed.client_id] = laid_over(seed, before)
        return known

    def seed(self, seeds: tuple[Client, ...]) -> None:
        """Take the clients of a new configuration."""
        self.clients = self.seeded(seeds)
        self._digests = {key: subject_digest(one) for key, one in self.clients.items()}

    def take(self, decision: Decision) -> None:
        """What *decision* says of clients."""
        for client in decision.clients:
            self.clients[client.client_id] = client
            self._digests[client.client_id] = subject_digest(client)
        for screened in decision.screened:
            self.screened[screened.client_id] = screened
        for good in decision.good_guys:
            self.good_guys[good.client_id, good.entry_id] = good

    def keep(self) -> KeptClientele:
        """For a snapshot."""
        return KeptClientele(
            list(self.clients.values()),
            list(self.screened.values()),
            list(self.good_guys.values()),
        )

    @classmethod
    def load(cls, kept: KeptClientele) -> "Clientele":
        """From a snapshot."""
        made = cls()
        made.clients = {one.client_id: one for one in kept.clients}
        made._digests = {key: subject_digest(one) for key, one in made.clients.items()}
        made.screened = {one.client_id: one for one in kept.screened}
        made.good_guys = {(one.client_id, one.entry_id): one for one in kept.good_guys}
        return made
