"""The models of screening.toml: which sanctions lists, from where, and what counts as a match."""

from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from otcfix.config.models import Closed

Format = Literal["ofac_csv", "ofac_xml", "un_xml", "eu_csv", "uk_csv", "own_csv", "addresses"]
"""One module of otcfix/screening/loaders each."""

Score = Annotated[Decimal, Field(gt=0, le=1)]


class ListConfig(Closed):
    """[[list]] of screening.toml.

    name: in verdicts, and the folder it is kept in. files: relative to the folder of the
    configuration; a folder or a pattern (`crypto/*.txt`) stands for what is in it. urls: fetched
    by `otcfix sanctions update`; https only. orphans: "keep" makes entries of OFAC aliases whose
    entity no sdn row has, for files of different dates.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    format: Format
    files: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    urls: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    orphans: Literal["refuse", "keep"] = "refuse"
    age_max_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    @field_validator("urls")
    @classmethod
    def _safe(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            at_home = parts.hostname in ("localhost", "127.0.0.1", "::1")
            if not parts.hostname or not (
                parts.scheme == "https" or (parts.scheme == "http" and at_home)
            ):
                raise ValueError(f"expected https://..., got {url}")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> "ListConfig":
        if self.files and self.urls:
            raise ValueError("files, urls: expected one of them")
        return self


class ScreeningConfig(Closed):
    """screening.toml. Without the file there is no list, and so nobody can be cleared.

    folder: accepted lists are kept here; relative to where otcfix runs, as the database is.
    block_min, review_min: scores, 0 to 1. verdict_age_max_days: an older verdict is none.
    list_age_max_days: an older list is told by status and check. shrink_max: an update that takes
    away more than this share of the entries or names waits for a person. refresh_minutes: how
    often a running desk looks for new lists; 0 is never.
    """

    folder: Annotated[str, Field(min_length=1)] = "state/sanctions"
    block_min: Score = Decimal("0.95")
    review_min: Score = Decimal("0.88")
    verdict_age_max_days: Annotated[int, Field(ge=1, le=3660)] = 30
    list_age_max_days: Annotated[int, Field(ge=1, le=3660)] = 14
    shrink_max: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.20")
    refresh_minutes: Annotated[int, Field(ge=0, le=44_640)] = 360
    list: tuple[ListConfig, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "ScreeningConfig":
        if self.block_min <= self.review_min:
            raise ValueError(f"block_min: expected above review_min, {self.review_min}")
        names = [one.name for one in self.list]
        for name in sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"list.name: {name} stands there more than once")
        return self

    def named(self, name: str) -> ListConfig | None:
        """The list of that name."""
        return next((one for one in self.list if one.name == name), None)

    def age_max(self, name: str) -> int:
        """Days after which that list is too old."""
        one = self.named(name)
        return (one.age_max_days if one else None) or self.list_age_max_days
