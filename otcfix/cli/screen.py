"""otcfix sanctions screen and screen-address: who is on the lists."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import CONFIG_DEFAULT, ConfigOption, JsonOption, load_config, quiet
from otcfix.cli.outcome import CONFIG, NO, Failed, usage_error
from otcfix.cli.sanctions import app
from otcfix.cli.show import print_json

if TYPE_CHECKING:
    from otcfix.screening.index import Index
    from otcfix.screening.party import Hit, ScreenResult

ListsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--lists",
        metavar="NAME=FORMAT:PATH[,PATH]",
        help="A list to read instead of the accepted ones; several times for several lists.",
    ),
]
KeyOption = Annotated[
    list[str] | None,
    typer.Option("--id", metavar="KIND=VALUE", help="An identifier: BIC=..., IBAN=..., LEI=..."),
]
CountryOption = Annotated[
    list[str] | None, typer.Option("--country", metavar="CC", help="ISO 3166 code of a country.")
]
DobOption = Annotated[
    list[str] | None,
    typer.Option("--dob", metavar="DATE", help="Born: 1965-03-01, 1965-03 or 1965."),
]
KindOption = Annotated[
    str, typer.Option("--kind", help="person, organisation, vessel, aircraft or unknown.")
]


@app.command()
def screen(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A person's or a company's name.")],
    dob: DobOption = None,
    country: CountryOption = None,
    kind: KindOption = "",
    identifier: KeyOption = None,
    lists: ListsOption = None,
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show which entries of the lists somebody may be, with the pieces of each score.

    Exit code 1 when one is as likely as review_min or more. Nothing is recorded.

    Examples:
      otcfix sanctions screen "Usama bin Ladin"
      otcfix sanctions screen "Ivan Petrov" --dob 1965-03-01 --country RU --kind person
      otcfix sanctions screen "Some Bank" --id BIC=SABRRUMM --json
    """
    from otcfix.screening.party import Party  # noqa: PLC0415

    births, countries = _births(dob or ()), _countries(country or ())
    party = Party(
        name, kind=_kind(kind, births), births=births, countries=countries,
        identifiers=_identifiers(identifier or ()),
    )  # fmt: skip
    index, about = index_of(config, lists)
    _answer(index.screen(party), name, about, as_json)


@app.command("screen-address")
def screen_address(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of a wallet.")],
    asset: Annotated[
        str, typer.Option("--asset", metavar="CODE", help="For the record: keys cross chains.")
    ] = "",
    lists: ListsOption = None,
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show which entries have a wallet's address, whatever asset the list names it for.

    Exit code 1 when one has.

    Examples:
      otcfix sanctions screen-address 0x7F367cC41522cE07553e823bf3be79A889DEbe1B
      otcfix sanctions screen-address 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --asset XBT --json
    """
    from otcfix.screening.addresses import canonical  # noqa: PLC0415

    if not canonical(address):
        raise usage_error(f"ADDRESS: {address[:60]!r} cannot be an address by its length")
    index, about = index_of(config, lists)
    _answer(index.screen_address(address, asset), address, about, as_json)


# -- the lists --------------------------------------------------------------------------------


def index_of(folder: Path, lists: Sequence[str] | None) -> tuple["Index", dict[str, Any]]:
    """Return the index of the lists named, or of the accepted ones, and what is said about it.

    Errors: ConfigError; BadParameter for a --lists that is none; Failed (3) for a list that
    cannot be read (1 would mean a hit), or when nothing at all is loaded.
    """
    from otcfix.screening.loaders import ListRefused  # noqa: PLC0415

    try:
        return _read_index(folder, lists)
    except ListRefused as error:
        raise Failed(CONFIG, str(error)) from None


def _read_index(folder: Path, lists: Sequence[str] | None) -> tuple["Index", dict[str, Any]]:
    from otcfix.config import ScreeningConfig  # noqa: PLC0415
    from otcfix.screening.evaluating import REVIEW  # noqa: PLC0415
    from otcfix.screening.index import build  # noqa: PLC0415

    quiet("error")
    block = float(ScreeningConfig().block_min)
    about: dict[str, Any] = {
        "review_min": REVIEW, "block_min": block, "lists": [], "missing": [],
    }  # fmt: skip
    if lists:
        entries = _read_lists(lists, about)
    else:
        from otcfix.screening.lists_corpus import corpus  # noqa: PLC0415

        config = load_config(folder)
        about["review_min"] = float(config.screening.review_min)
        about["block_min"] = float(config.screening.block_min)
        found = corpus(config)
        entries = list(found.entries)
        about["lists"] = [f"{m.name} {m.version}" for m in found.lists]
        about["missing"] = list(found.missing)
        for name in found.missing:
            print(
                f"otcfix: list {name}: no version was accepted, so nobody is cleared: "
                "otcfix sanctions update",
                file=sys.stderr,
            )
    if not entries:
        raise Failed(CONFIG, "no list is loaded: otcfix sanctions update, or --lists")
    index = build(entries)
    about |= {"entries": len(index.entries), "names": index.names}
    return index, about


def _read_lists(lists: Sequence[str], about: dict[str, Any]) -> list[Any]:
    from otcfix.screening.lists_corpus import merged  # noqa: PLC0415
    from otcfix.screening.loaders import FORMATS, load  # noqa: PLC0415

    entries: dict[str, Any] = {}
    for text in lists:
        name, _, rest = text.partition("=")
        format_name, _, paths = rest.partition(":")
        if not name or format_name not in FORMATS or not paths:
            raise usage_error(
                f"--lists: {text!r} is not NAME=FORMAT:PATH with a format of {', '.join(FORMATS)}"
            )
        files: list[Path] = []
        for path in map(Path, paths.split(",")):
            files += sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        # Files of several dates are read for what they have: nobody is cleared by this.
        loaded = load(name, format_name, files, orphans="keep")
        for warning in loaded.warnings:
            print(f"otcfix: {name}: {warning}", file=sys.stderr)
        for entry in loaded.entries:
            known = entries.get(entry.entry_id)
            entries[entry.entry_id] = merged(known, entry) if known else entry
        about["lists"].append(f"{name} {loaded.sha256[:12]}")
    return list(entries.values())


# -- arguments --------------------------------------------------------------------------------


def _kind(text: str, births: Sequence[str]) -> Any:
    from otcfix.screening.entry import Kind  # noqa: PLC0415

    if not text:
        return Kind.PERSON if births else Kind.UNKNOWN  # only people are born
    try:
        return Kind(text.lower())
    except ValueError:
        kinds = ", ".join(kind.value for kind in Kind)
        raise usage_error(f"--kind: {text!r} is none of {kinds}") from None


def _births(texts: Sequence[str]) -> tuple[str, ...]:
    from otcfix.screening.corroboration import is_birth  # noqa: PLC0415

    for text in texts:
        if not is_birth(text):
            raise usage_error(f"--dob: {text!r} is not a date such as 1965-03-01, 1965-03 or 1965")
    return tuple(texts)


def _countries(texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        if not (len(text) == 2 and text.isascii() and text.isalpha()):
            raise usage_error(f"--country: {text!r} is not a code of two letters such as RU")
    return tuple(text.upper() for text in texts)


def _identifiers(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        kind, equals, value = text.partition("=")
        if not (kind and equals and value):
            raise usage_error(f"--id: {text!r} is not KIND=VALUE such as BIC=SABRRUMM")
        pairs.append((kind, value))
    return tuple(pairs)


# -- answers ----------------------------------------------------------------------------------


def _answer(result: "ScreenResult", query: str, about: dict[str, Any], as_json: bool) -> None:
    review = about["review_min"]
    reached = result.score >= review or bool(result.unread)  # of whom a part was not seen as well
    if as_json:
        hits = [_hit(hit) for hit in result.hits]
        print_json(
            {"query": query, "review": reached, **about, "notes": result.notes, "hits": hits}
        )
    else:
        for note in result.notes:
            print(f"Note: {note}.")
        for hit in result.hits:
            mark = "review" if hit.score >= review else "below review"
            if hit.score >= max(review, about["block_min"]):
                mark = "block"
            print(f"{hit.score:.3f}  {hit.entry_id}  {hit.matched_name}  ({mark})")
            for line in hit.words():
                print(f"       {line}")
        near = sum(hit.score >= review for hit in result.hits)
        print(
            f"{near} of {about['entries']} entries at {review:.2f} or more, "
            f"{len(result.hits) - near} below; {about['names']} names."
        )
    if reached:
        raise typer.Exit(NO)
    if about["missing"]:
        raise typer.Exit(CONFIG)


def _hit(hit: "Hit") -> dict[str, Any]:
    return {
        "entry": hit.entry_id, "list": hit.list_name, "digest": hit.digest,
        "query": hit.query, "name": hit.matched_name, "score": round(hit.score, 4),
        "name_score": round(hit.name_score, 4), "stage": hit.stage,
        "pairs": [
            {"query": p.query, "listed": p.listed, "likeness": round(p.likeness, 4),
             "weight": round(p.weight, 4)}
            for p in hit.pairs
        ],
        "unmatched_query": dict(hit.unmatched_query),
        "unmatched_listed": dict(hit.unmatched_listed),
        "effects": [
            {"what": e.what, "points": e.points, "words": e.words} for e in hit.effects
        ],
        "words": hit.words(),
    }  # fmt: skip
