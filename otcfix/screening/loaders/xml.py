"""XML from outside: no DOCTYPE (so no entities to blow up or to fetch), and streamed."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import (
    Element,
    ParseError,
    iterparse,
)
from xml.parsers import expat

from otcfix.screening.loaders.reading import BYTES_MAX, ListRefused

_CHUNK = 65_536
DEPTH_MAX = 64
"""No list nests a quarter as deep."""


class _Begun(Exception):
    """The root element is there, and no DOCTYPE came before it."""


def elements(path: Path, wanted: frozenset[str]) -> Iterator[Element]:
    """Each element whose local name is *wanted*, whole, with local names only; then it is emptied.

    The first one is the root as it begins (attributes only). Errors: ListRefused for what is not
    well-formed, ends early, has a DOCTYPE, or is not UTF-8.
    """
    _prolog(path)
    try:
        yield from _walk(path, wanted)
    except ParseError as error:
        line = error.position[0] if error.position else 0
        said = str(error).partition(":")[0]
        ends = "no element found", "unclosed token", "unclosed CDATA section", "partial character"
        early = "truncated: the XML does not end" if said in ends else f"not XML: {said}"
        raise ListRefused(path, early, line) from None
    except (ValueError, LookupError, OSError) as error:
        raise ListRefused(path, f"cannot be read: {error}") from None


def _prolog(path: Path) -> None:
    """A DOCTYPE can only stand before the root element: look there, with nothing expanded."""

    def doctype(*_: object) -> None:
        raise ListRefused(
            path, "has a DOCTYPE, which no published list has", parser.CurrentLineNumber
        )

    def begun(*_: object) -> None:
        raise _Begun

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
            raise ListRefused(path, f"encoding {encoding[:40]}, expected UTF-8", 1)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = begun
    parser.XmlDeclHandler = declared
    try:
        if path.stat().st_size > BYTES_MAX:
            raise ListRefused(path, f"more than {BYTES_MAX // 1024 // 1024} MB: not a list")
        with path.open("rb") as file:
            head = file.read(_CHUNK)
            if not head.strip():
                raise ListRefused(path, "empty")
            if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise ListRefused(path, "UTF-16; expected UTF-8")
            while head:
                parser.Parse(head, False)
                head = file.read(_CHUNK)
            parser.Parse(b"", True)
    except _Begun:
        return
    except expat.ExpatError as error:
        raise ListRefused(path, f"not XML: {expat.ErrorString(error.code)}", error.lineno) from None
    except (ValueError, LookupError, OSError) as error:
        raise ListRefused(path, f"cannot be read: {error}") from None


def _walk(path: Path, wanted: frozenset[str]) -> Iterator[Element]:
    depth, inside = 0, 0
    open_now: list[Element] = []
    with path.open("rb") as file:
        for event, element in iterparse(file, ("start", "end")):  # noqa: S314 - no DOCTYPE, see above
            if event == "start":
                element.tag = element.tag.rpartition("}")[2]
                depth += 1
                if depth > DEPTH_MAX:
                    raise ListRefused(path, f"elements nested more than {DEPTH_MAX} deep")
                open_now.append(element)
                if depth == 1:
                    yield element
                elif element.tag in wanted:
                    inside += 1
                continue
            depth -= 1
            open_now.pop()
            if element.tag in wanted and depth:
                inside -= 1
                if not inside:
                    yield element
            if not inside and open_now:
                open_now[-1].remove(element)


def text_of(element: Element, tag: str) -> str:
    """The text of the first child of that name, without the blanks around it."""
    return (element.findtext(tag) or "").strip()
