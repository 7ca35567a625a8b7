"""Four more clients, each with something that the gate stops, added to the user's configuration."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otcfix.cli.demo.setting import SYMBOL, TERMS
from otcfix.config import ListConfig
from otcfix.config.clients import KycConfig, OwnerConfig, ProfileConfig
from otcfix.config.jurisdictions import RuleConfig
from otcfix.config.limits import LimitConfig
from otcfix.config.models import SessionConfig
from otcfix.config.throttles import ThrottleConfig

if TYPE_CHECKING:
    from otcfix.config import Config


KYC_OVER = "2020-12-31"
PLACE = "CU"
LISTED_OWNER = "Vardan Kesterovic Malinsky"
SMALL_NAME = "Kappa Kite Partners LP"
OWN_LIST = "demo"
LIST_HEAD = "id,kind,name,aliases,dob,country,addresses,remarks\n"
SMALL_BURST, SMALL_PER_SECOND = 2, 1
SMALL_SIZE_MAX = Decimal("0.099")
"""One lot less than SMALL_SIZE."""
SMALL_SIZE = "0.1"
SMALL_FUNDS = Decimal(20_000)


@dataclass(frozen=True, slots=True)
class Guests:
    """Their ids: papers has a KYC that is over, place sits where no rule allows him, listed has an
    owner who is on a list, small may ask little and order little."""

    papers: str
    place: str
    listed: str
    small: str

    def all(self) -> tuple[str, ...]:
        """Every one of them."""
        return self.papers, self.place, self.listed, self.small


def named(config: "Config") -> Guests:
    """Names that nobody in *config* has."""
    taken = {client.id for client in config.clients.client}
    for session in config.sessions.session:
        taken |= {session.key, session.target_comp_id, session.username.upper()}

    def free(name: str) -> str:
        while {name, f"{name}44"} & taken:
            name += "-X"
        return name

    return Guests(free("DELTA"), free("SIGMA"), free("OMEGA"), free("KAPPA"))


def with_guests(config: "Config", like: str, folder: Path) -> "Config":
    """*config* and four clients more, of the same tier and place as the client *like*.

    folder: where the demo's own list of sanctions lies; `list_person` writes it.
    """
    guests = named(config)
    model = next(client for client in config.clients.client if client.id == like)
    known = model.profile
    place = known.jurisdiction if known is not None else "CH"
    kyc = KycConfig(
        status="APPROVED",
        level="standard",
        expires="2099-12-31",
        made_by="onboarding.one",
        approved_by="compliance.two",
    )
    profile = ProfileConfig(
        kind="fund",
        jurisdiction=place,
        client_class=known.client_class if known is not None else "professional",
        kyc=kyc,
    )

    def client(name: str, words: str, owner: str, **changed: Any) -> Any:
        """One client: *like* but for what is said here."""
        owners = (OwnerConfig(name=owner, share=Decimal(100)),)
        update: dict[str, Any] = {
            "id": name, "name": words, "accounts": (f"{name}-1",), "instruments": (SYMBOL,),
            "settlement_limits": {}, "prefund": changed.pop("prefund", {}), "enabled": True,
            "profile": profile.model_copy(update={"owners": owners, **changed}),
        }  # fmt: skip
        return model.model_copy(update=update)

    clients = (
        client(guests.papers, "Delta Dealing Ltd", "Anselm Fothergale",
               kyc=kyc.model_copy(update={"expires": KYC_OVER})),
        client(guests.place, "Sigma Sugar SA", "Lucinda Marquessa", jurisdiction=PLACE),
        client(guests.listed, "Omega Overseas Ltd", LISTED_OWNER),
        client(guests.small, SMALL_NAME, "Philippa Wrenthorpe",
               prefund={TERMS: SMALL_FUNDS}),
    )  # fmt: skip
    return _config_with(config, guests, clients, folder)


def _config_with(config: "Config", guests: Guests, clients: Any, folder: Path) -> "Config":
    """*config* with these clients, their sessions, and what stops them."""
    sessions = tuple(
        SessionConfig(
            key=f"{name}44",
            version="FIX.4.4",
            sender_comp_id="OTCFIX",
            target_comp_id=name,
            client=name,
            username=name.lower(),
            password_hash=f"{'0' * 32}${'0' * 64}",  # made with the others'
        )
        for name in guests.all()
    )
    policy = config.jurisdictions
    if not any((rule.effect, rule.jurisdiction) == ("DENY", PLACE) for rule in policy.rule):
        rule = RuleConfig(id="demo-place", effect="DENY", jurisdiction=PLACE, asset=SYMBOL)
        policy = policy.model_copy(update={"rule": (*policy.rule, rule)})
    row = ThrottleConfig.model_validate(
        {"session": f"{guests.small}44", "class": "quote", "per_second": SMALL_PER_SECOND,
         "burst": SMALL_BURST, "hard_factor": 100}
    )  # fmt: skip
    limit = LimitConfig(
        who=f"client:{guests.small}",
        what=f"instrument:{SYMBOL}",
        measure="order_size",
        amount=SMALL_SIZE_MAX,
    )
    own = ListConfig(name=OWN_LIST, format="own_csv", files=(str(own_list(folder)),))

    def more(part: Any, name: str, *added: Any) -> Any:
        return part.model_copy(update={name: (*getattr(part, name), *added)})

    return config.model_copy(
        update={
            "clients": more(config.clients, "client", *clients),
            "sessions": more(config.sessions, "session", *sessions),
            "jurisdictions": policy,
            "throttles": more(config.throttles, "throttle", row),
            "limits": more(config.limits, "limit", limit),
            "screening": more(config.screening, "list", own),
        }
    )


def own_list(folder: Path) -> Path:
    """The file of the demo's own list of sanctions."""
    return folder / "demo_sanctions.csv"


def list_person(folder: Path, kind: str, name: str) -> None:
    """Put a name on the demo's own list; an update takes it in."""
    path = own_list(folder)
    lines = path.read_text().splitlines() if path.exists() else LIST_HEAD.splitlines()
    lines.append(f'{len(lines)},{kind},{name},,,,,"Invented, for the demo"')
    path.write_text("\n".join(lines) + "\n")
