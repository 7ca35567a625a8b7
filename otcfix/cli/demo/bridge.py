"""A broker's order system that bridges two end clients, and its drop copy: their configuration."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from otcfix.cli.demo.setting import BASE, SYMBOL, TERMS
from otcfix.cli.options import shipped_config
from otcfix.config.clients import KycConfig, OwnerConfig, ProfileConfig
from otcfix.config.dialects import read_dialects
from otcfix.config.models import SessionConfig

if TYPE_CHECKING:
    from otcfix.config import Config

DIALECT = "flat42"
WIRE_SYMBOL = "BTC-USD"
"""What the order system calls SYMBOL."""
DELAY_MS = 400
SELLER, BUYER = "FUND-1", "FUND-2"
"""Names that the broker has for his end clients."""
PREFUND: dict[str, dict[str, Decimal]] = {
    SELLER: {BASE: Decimal(1)},
    BUYER: {TERMS: Decimal(60_000)},
}


@dataclass(frozen=True, slots=True)
class Bridge:
    """The ids of the broker and of his end clients, and the keys of his sessions."""

    broker: str
    seller: str
    buyer: str

    @property
    def oms(self) -> str:
        """The key of the order system's session."""
        return f"{self.broker}42"

    @property
    def copies(self) -> str:
        """The key of the drop copy."""
        return f"{self.broker}DC"


def bridge_of(config: "Config") -> Bridge:
    """Names that nobody in *config* has."""
    taken = {client.id for client in config.clients.client}
    for session in config.sessions.session:
        taken |= {session.key, session.target_comp_id, session.username.upper()}

    def free(name: str) -> str:
        while {name, f"{name}42", f"{name}DC"} & taken:
            name += "-X"
        return name

    return Bridge(free("IOTA"), free("IOTA-1"), free("IOTA-2"))


def with_bridge(config: "Config", like: str) -> "Config":
    """*config* and the broker with his end clients, of the same tier and place as *like*."""
    names = bridge_of(config)
    model = next(client for client in config.clients.client if client.id == like)
    people: tuple[tuple[str, str, str, dict[str, Decimal]], ...] = (
        (names.broker, "Iota Link Brokers AG", "Cosima Wetherlund", {}),
        (names.seller, "Iota Fund One LP", "Ruprecht Aldersey", PREFUND[SELLER]),
        (names.buyer, "Iota Fund Two LP", "Ottoline Brackwater", PREFUND[BUYER]),
    )
    clients = tuple(_client(model, *one) for one in people)
    hidden = f"{'0' * 32}${'0' * 64}"  # made with the others'
    oms = SessionConfig(
        key=names.oms, version="FIX.4.2", sender_comp_id="OTCFIX", target_comp_id=names.broker,
        client=names.broker, username=names.broker.lower(), password_hash=hidden, broker=True,
        end_clients={SELLER: names.seller, BUYER: names.buyer}, dialect=DIALECT,
        cancel_on_disconnect=True,
    )  # fmt: skip
    copies = SessionConfig(
        key=names.copies, version="FIX.4.4", sender_comp_id="OTCFIX",
        target_comp_id=names.copies, kind="drop_copy", client=names.broker,
        drop_copy_of=(names.seller, names.buyer), drop_copy_delay_ms=DELAY_MS,
        username=names.copies.lower(), password_hash=hidden,
    )  # fmt: skip
    return config.model_copy(
        update={
            "clients": config.clients.model_copy(
                update={"client": (*config.clients.client, *clients)}
            ),
            "sessions": config.sessions.model_copy(
                update={"session": (*config.sessions.session, oms, copies)}
            ),
            "dialects": read_dialects(shipped_config(), []) | config.dialects,
        }
    )


def _client(model: Any, name: str, words: str, owner: str, prefund: dict[str, Decimal]) -> Any:
    known = model.profile
    profile = ProfileConfig(
        kind="fund",
        jurisdiction=known.jurisdiction if known is not None else "CH",
        client_class=known.client_class if known is not None else "professional",
        owners=(OwnerConfig(name=owner, share=Decimal(100)),),
        kyc=KycConfig(
            status="APPROVED", level="standard", expires="2099-12-31",
            made_by="onboarding.one", approved_by="compliance.two",
        ),
    )  # fmt: skip
    update = {
        "id": name, "name": words, "accounts": (f"{name}-1",), "instruments": (SYMBOL,),
        "settlement_limits": {}, "prefund": prefund, "enabled": True, "profile": profile,
    }  # fmt: skip
    return model.model_copy(update=update)
