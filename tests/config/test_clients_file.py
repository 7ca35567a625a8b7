"""clients.toml: what the shipped one becomes, and how one is refused or warned of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from otcfix.config import Config, load
from otcfix.config.client_checks import client_warnings
from otcfix.model.profile import APPROVED

Load = Callable[[str, str], Config]
Complain = Callable[[str, str], str]
FILE = "clients.toml"


def edited(folder: Path, old: str, new: str) -> str:
    text = (folder / FILE).read_text()
    assert old in text
    return text.replace(old, new, 1)


def test_the_shipped_clients_are_known_and_approved(folder: Path) -> None:
    config = load(folder)
    assert client_warnings(config, "2026-11-23") == []
    for client in config.to_desk().clients:
        kyc = client.profile.kyc
        assert kyc.status == APPROVED
        assert kyc.made_by != kyc.approved_by
    alpha = config.to_desk().clients[0]
    assert [owner.birth for owner in alpha.profile.owners] == ["1971-05-04", "1968"]
    assert alpha.profile.kyc.last_day == "2036-06-30", "the passport's"
    assert config.to_desk().reduce_when == ()


def test_the_rule_of_reducing(folder: Path, loaded: Load) -> None:
    text = edited(folder, "reduce_when = []", 'reduce_when = ["EXPIRED"]')
    assert loaded(FILE, text).to_desk().reduce_when == ("EXPIRED",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('approved_by = "compliance.two"', 'approved_by = "Onboarding.ONE"',
         "client[0].profile.kyc (ALPHA): approved_by: expected another person than onboarding.one"),
        ('approved_by = "compliance.two"', "",
         "client[0].profile.kyc (ALPHA): APPROVED: expected made_by and approved_by"),
        ('lei = "9845ALPHA0CAPITAL091"', 'lei = "9845ALPHA0CAPITAL092"',
         "client[0].profile.lei (ALPHA): expected an LEI with its check digits"),
        ('iban = "LU28', 'iban = "LU29', "expected an IBAN with its check digits"),
        ('bic = "EXALLULLXXX"', 'bic = "EXALL"', "expected a BIC"),
        ('jurisdiction = "LU"', 'jurisdiction = "XX"', "expected ISO 3166, as CH or US-NY"),
        ('country = "LU"', 'country = "US-NY"', "expected a country of ISO 3166, as CH"),
        ('client_class = "eligible_counterparty"', 'client_class = "pro"', "client_class (ALPHA)"),
        ("expires = 2036-12-31", 'expires = "31.12.2036"', "expected a date, as \"2027-12-31\""),
        ('networks = ["127.0.0.0/8"]', 'networks = ["127.0.0.1/8"]', "expected an address or a"),
        ("share = 60", "share = 160", "client[0].profile.owners[0].share (ALPHA)"),
        ('asset = "BTC", address', 'asset = "DOGE", address', "client ALPHA: unknown asset DOGE"),
        ("reduce_when = []", 'reduce_when = ["NONE"]', "kyc.reduce_when[0]"),
        ('level = "enhanced"', 'levle = "enhanced"', "levle (ALPHA): unknown key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    folder: Path, complaint: Complain, old: str, new: str, said: str
) -> None:
    """Each with file, key and entry."""
    assert said in complaint(FILE, edited(folder, old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (FILE, "expires = 2036-06-30", "expires = 2026-11-22",
         "client ALPHA.profile.kyc: expired: its last day was 2026-11-22"),
        (FILE, 'status = "APPROVED"', 'status = "UNDER_REVIEW"',
         "client ALPHA.profile.kyc.status: UNDER_REVIEW: he is quoted nothing"),
        (FILE, "settlement_limits = {}", "settlement_limits = { USD = 5 }",
         "client ALPHA.settlement_limits: credit, though settlement_mode is prefunded"),
        ("sessions.toml", 'client = "BETA"', 'client = "OMEGA"',
         "session BETA42.client: OMEGA is not in clients.toml: refused until"),
        ("sessions.toml", 'drop_copy_of = ["ALPHA"]', 'drop_copy_of = ["OMEGA"]',
         "session ALPHADC.drop_copy_of: OMEGA is not in clients.toml"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_warned_of(
    folder: Path, loaded: Load, name: str, old: str, new: str, said: str
) -> None:
    """The desk starts with it; `otcfix check` says so."""
    text = (folder / name).read_text()
    assert old in text
    config = loaded(name, text.replace(old, new, 1))
    assert said in "\n".join(client_warnings(config, "2026-11-23"))
