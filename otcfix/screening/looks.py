"""What a name looks like to a person: signs of other alphabets, and figures, put for letters."""

import re
import unicodedata

_LOOKS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅҮавекмнорстухіјѕһԁԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχ",
    "ABEKMHOPCTYXIJSYabekmhopctyxijshdqw" + "ABEZHIKMNOPTYXaeikvoptux",
)
"""Cyrillic and Greek letters, and the Latin ones that they are printed like."""

_LATIN = re.compile(r"[A-Za-z]")
_FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
_ALIKE = re.compile(f"[{''.join(map(chr, _LOOKS))}]{{2,}}")
_FIGURES = tuple([str.maketrans("0134578@$!|", f"o{one}eastbasil") for one in "li"])
_FOR_LETTERS = re.compile(r"[A-Za-z][0134578@$!|]|[0134578@$!|][A-Za-z]")
READ_MAX = 400
"""Characters of a name that are looked at so."""


def cleaned(text: str) -> str:
    """Return *text* in plain forms of its letters: full-width, bold and ligatures are what they
    stand for, signs without width go, emoji are spaces."""
    plain = unicodedata.normalize("NFKC", text)
    if plain.isascii():
        return plain
    kinds = [(sign, unicodedata.category(sign)) for sign in plain]
    return "".join(
        [" " if kind in ("So", "Co", "Cs") else sign for sign, kind in kinds if kind != "Cf"]
    )


def unmixed(word: str) -> str:
    """Return a word of Latin and other letters as it looks: no name is written in two alphabets."""
    return word.translate(_LOOKS) if _LATIN.search(word) and _FOREIGN.search(word) else word


def as_seen(text: str) -> tuple[str, ...]:
    """Return the other ways in which a person may read *text*; none for most.

    A whole word of another alphabet whose letters all look Latin is read as such a one; figures and
    signs between letters are the letters they look like, 1 an l or an i.
    """
    found = []
    text = text[:READ_MAX]
    plain = text if text.isascii() else cleaned(text)
    if not plain.isascii():
        words = [w.translate(_LOOKS) if _ALIKE.fullmatch(w) else w for w in plain.split()]
        found.append(" ".join(words))
    words = (found[-1] if found else plain).split()
    if any(_FOR_LETTERS.search(word) for word in words):
        for figures in _FIGURES:
            read = [w.translate(figures) if _FOR_LETTERS.search(w) else w for w in words]
            found.append(" ".join(read))
    return tuple([one for one in dict.fromkeys(found) if one not in (text, plain)])
