"""The secrets of the shipped configuration: public, and good for trials only."""

import hmac
from typing import Any


def trial_secret(session: Any) -> str:
    """The trial secret of a session of sessions.toml; "" when its hash is another one's."""
    from otcfix.config import hash_secret  # noqa: PLC0415

    secret = f"trial-secret-{session.target_comp_id.lower()}"
    salt = session.password_hash.partition("$")[0]
    same = hmac.compare_digest(hash_secret(secret, salt), session.password_hash)
    return secret if same else ""
