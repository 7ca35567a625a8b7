"""The files of a list: on this machine, or fetched, with bounds on time and size."""

import contextlib
import http.client
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from otcfix.config.screening import ListConfig
from otcfix.screening.loaders.reading import BYTES_MAX, ListRefused

TIMEOUT_S = 60.0
"""Between two pieces of an answer, not for all of it: sdn_advanced.xml has 80 MB."""

TOTAL_S = 900.0
"""For all of it: who sends a byte a minute does not hold up the other lists."""

_PIECE = 1 << 16
SUFFIXES = {
    "ofac_csv": ".csv",
    "ofac_xml": ".xml",
    "un_xml": ".xml",
    "eu_csv": ".csv",
    "uk_csv": ".csv",
    "own_csv": ".csv",
    "addresses": ".txt",
}


def found(names: Sequence[Path], format_name: str) -> list[Path]:
    """The files that *names* stand for: files, folders, patterns; sorted, each once.

    Errors: ListRefused for a name that stands for nothing.
    """
    files: dict[Path, None] = {}
    for name in names:
        if name.is_dir():
            suffix = SUFFIXES[format_name]
            here = sorted(p for p in name.iterdir() if p.suffix.lower() == suffix and p.is_file())
            if not here:
                raise ListRefused(name, f"no {suffix} file in this folder")
        elif any(letter in name.name for letter in "*?["):
            here = sorted(p for p in name.parent.glob(name.name) if p.is_file())
            if not here:
                raise ListRefused(name, "no such files")
        elif name.is_file():
            here = [name]
        else:
            raise ListRefused(name, "no such file")
        files.update(dict.fromkeys(here))
    return list(files)


@contextlib.contextmanager
def files_of(one: ListConfig, base: Path, given: Sequence[Path] = ()) -> Iterator[list[Path]]:
    """The files to read: *given* ones, those of the configuration in *base*, or fetched ones, which
    are gone afterwards. Errors: ListRefused.
    """
    if given:
        yield found(given, one.format)
    elif one.files:
        yield found([base / Path(name).expanduser() for name in one.files], one.format)
    elif one.urls:
        with tempfile.TemporaryDirectory(prefix="otcfix-list-") as folder:
            yield [fetched(url, Path(folder)) for url in one.urls]
    else:
        raise ListRefused(one.name, "neither files nor urls in screening.toml; name --from PATH")


def fetched(url: str, folder: Path, *, bytes_max: int = BYTES_MAX) -> Path:
    """Fetch into *folder* under the name at the end of the address.

    Errors: ListRefused for no answer in time, a status other than 200, or too many bytes; also for
    fewer than the answer announced.
    """
    path = folder / (Path(urlsplit(url).path).name or "list")
    request = urllib.request.Request(url, headers={"User-Agent": "otcfix"})  # noqa: S310 - https, see ListConfig
    size, begun = 0, time.monotonic()
    try:
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer,  # noqa: S310 - as above
            path.open("wb") as file,
        ):
            announced = answer.headers.get("Content-Length")
            while piece := answer.read(_PIECE):
                size += len(piece)
                if size > bytes_max:
                    raise ListRefused(_shown(url), f"more than {bytes_max} bytes")
                if time.monotonic() - begun > TOTAL_S:
                    raise ListRefused(_shown(url), f"not there after {TOTAL_S:.0f} s")
                file.write(piece)
    except urllib.error.HTTPError as error:
        error.close()
        raise ListRefused(_shown(url), f"answered {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = getattr(error, "reason", None) or error
        raise ListRefused(_shown(url), f"cannot be fetched: {said}") from None
    if announced and announced.isdecimal() and size < int(announced):
        raise ListRefused(_shown(url), f"truncated: {size} of {announced} bytes")
    return path


def _shown(url: str) -> str:
    """The address without its query: the EU's holds a personal token."""
    return url.partition("?")[0]
