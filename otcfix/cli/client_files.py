"""What the register's commands read: a client in a file, documents, bank accounts."""

import hashlib
import json
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError as BadNumber

from otcfix.cli.outcome import usage_error
from otcfix.config.clients import ClientConfig
from otcfix.model.errors import ConfigError
from otcfix.model.profile import BankAccount, Document

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.model.party import Client


def client_of(file: str, options: dict[str, Any], config: "Config") -> "Client":
    """Read a client: JSON or TOML, with the keys of one [[client]] of clients.toml. *file* may be
    "-" (stdin) or "" (nothing but *options*, which win).

    Errors: ConfigError naming file and key.
    """
    document = _document(file) if file else {}
    listed = document.get("client")
    if isinstance(listed, list):
        if len(listed) != 1:
            raise ConfigError(f"{file}: client: expected one, got {len(listed)}")
        document = listed[0]
    for key, value in options.items():
        where, _, field = key.rpartition(".")
        (document.setdefault(where, {}) if where else document)[field] = value
    try:
        made = ClientConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_problems(file or "options", error))) from None
    scales = {asset.code: asset.scale for asset in config.desk.asset}
    for code in sorted(made.settlement_limits.keys() - scales.keys()):
        raise ConfigError(f"{file}: settlement_limits: no asset {code} in desk.toml")
    return made.made(scales)


def _document(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    try:
        if text.lstrip().startswith("{"):
            document = json.loads(text, parse_float=Decimal)
        else:
            document = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise ConfigError(f"{file}: neither JSON nor TOML: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{file}: expected one client")
    return document


def _problems(file: str, error: ValidationError) -> list[str]:
    return [
        f"{file}: {'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors()
    ]


def document_of(text: str) -> Document:
    """KIND=FILE or KIND=SHA256, with @DATE behind it when it expires. Errors: BadParameter."""
    kind, equals, rest = text.partition("=")
    found, _, expires = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if not (kind and equals and found):
        raise usage_error(f"--document {text}: expected KIND=FILE|SHA256[@DATE]")
    if len(found) == 64 and not set(found) - set("0123456789abcdef"):
        return Document(kind, found, expires)
    try:
        return Document(kind, hashlib.sha256(Path(found).read_bytes()).hexdigest(), expires)
    except OSError as error:
        raise usage_error(f"--document {found}: {error.strerror}") from None


def bank_of(iban: str, bic: str, bank: str) -> BankAccount:
    """A bank account whose check digits are right. Errors: BadParameter."""
    try:
        return BankAccount(ibans.validate(iban), bics.validate(bic) if bic else "", bank)
    except BadNumber as error:
        raise usage_error(f"IBAN {iban} {bic}: {error}".strip()) from None
