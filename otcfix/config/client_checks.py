"""What of clients.toml a desk can start with, but hardly means."""

from typing import TYPE_CHECKING

from otcfix.model.profile import EXPIRED

if TYPE_CHECKING:
    from otcfix.config import Config


def client_warnings(config: "Config", day: str) -> list[str]:
    """One line each: a client who cannot deal on *day* (ISO), a session or a drop copy of somebody
    whom only a command can make, a word that contradicts another."""
    found: list[str] = []
    file = config.folder / "clients.toml"
    for c in config.clients.client:
        where = f"{file}: client {c.id}"
        if c.profile is None:
            found.append(f"{where}.profile: none: he is quoted nothing until somebody approves him")
            continue
        kyc = c.profile.kyc.made()
        faults = kyc.faults(day)
        if EXPIRED in faults:
            found.append(f"{where}.profile.kyc: expired: its last day was {kyc.last_day}")
        elif faults:
            found.append(f"{where}.profile.kyc.status: {kyc.status}: he is quoted nothing")
        if c.profile.settlement_mode == "prefunded" and any(c.settlement_limits.values()):
            found.append(f"{where}.settlement_limits: credit, though settlement_mode is prefunded")
    clients = {c.id for c in config.clients.client}
    file = config.folder / "sessions.toml"
    for s in config.sessions.session:
        if s.kind not in ("provider", "drop_copy") and s.client not in clients:
            found.append(
                f"{file}: session {s.key}.client: {s.client} is not in clients.toml: refused until "
                "`otcfix client onboard` makes him"
            )
        found += [
            f"{file}: session {s.key}.drop_copy_of: {client} is not in clients.toml"
            for client in sorted(set(s.drop_copy_of) - clients)
        ]
    return found
