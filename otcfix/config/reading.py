"""One TOML file read into its model, and what is wrong with it in words."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from otcfix.config.models import Closed

T = TypeVar("T", bound=Closed)


def read(
    path: Path, model: type[T], problems: list[str], *, optional: bool = False, absent: str = ""
) -> T | None:
    """Read *path*; None when anything is wrong, which *problems* then tells.

    optional: a file that is not there is as an empty one; absent: what it means that it is not.
    """
    try:
        with path.open("rb") as file:
            document = tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError:
        if optional:
            return model()
        why = f": {absent}" if absent else ""
        problems.append(f"{path}: not there; expected a TOML file (see the shipped config/){why}")
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not TOML: {error}")
        return None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        for detail in error.errors():
            key = _key(detail["loc"], document)
            said = detail["msg"].removeprefix("Value error, ")
            if detail["type"] == "extra_forbidden":
                said = f"unknown key, expected one of {', '.join(_keys(model, detail['loc']))}"
            got = "" if detail["type"] == "missing" else f" (got {detail['input']!r:.60})"
            problems.append(f"{path}: {key}: {said}{got}")
        return None


def _key(location: tuple[int | str, ...], document: Any) -> str:
    """session[2].version (FUND_A): the place of a problem, with the entry's own name."""
    words, here, name = "", document, ""
    for part in location:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else str(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(here, dict):
            name = str(here.get("key") or here.get("id") or here.get("symbol") or name)
    return f"{words} ({name})" if name else words


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table around *location* may have."""
    for part in location[:-1]:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is not None:
            model = _table(field.annotation) or model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _table(annotation: Any) -> type[BaseModel] | None:
    """The model within a field's type: in a tuple, a dict, an optional one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table(part))), None)
