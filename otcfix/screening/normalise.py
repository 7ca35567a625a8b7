"""A name as words that can be compared: transliterated, lower case, without what says nothing."""

import re
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz.fuzz import ratio

from otcfix.screening.looks import cleaned, unmixed
from otcfix.screening.words import (
    ARTICLES,
    FORM_WORD_MIN,
    FORM_WORDS,
    KINSHIP,
    LEGAL_FORMS,
    PHRASE_WORDS_MAX,
)

TEXT_MAX = 400
"""Characters of a name that are read; the longest listed names have 350."""

FULL, BARE, SYLLABLES = 0, 1, 2
"""How a script writes a word: with vowels; without (Arabic, Hebrew, and what anyascii makes of
South Asian ones); a sign a syllable (Han, Hangul, kana)."""

FORM_ALIKE_MIN = 85
"""Ratio (0 to 100) of a word and a word of a legal form that are one: a slip in six letters."""

TOKENS_MAX = 24
TOKEN_MAX = 40
"""Characters of one word that are read."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name ready to be compared.

    tokens: words in the order written. scripts: of each, FULL, BARE or SYLLABLES.
    forms: the legal forms left out. key: the tokens sorted, with one space between.
    joined: the tokens as one word. plain: all words but legal forms as written.
    note: what was cut or why nothing is left; "" is in order. unread: so not all of it is compared.
    """

    text: str
    tokens: tuple[str, ...]
    scripts: tuple[int, ...]
    forms: tuple[str, ...]
    key: str
    joined: str
    plain: str
    note: str = ""
    unread: bool = False


_MARKS = "'`\u2018\u2019\u02bb\u02bc\u02be\u02bf\u00b4"
_QUIET = re.compile(rf"(?<=\w)[{_MARKS}?]+(?=\w)|[{_MARKS}]+")
"""Signs inside a word that are written or left out as one likes; `?` is what an encoding left."""

_ASSIMILATED = re.compile(r"\b[aeu](sh|[dnrstz])-(?=\1)", re.IGNORECASE)
"""The article before a sun letter: an-Nasr, ash-Shami."""

_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z])")
_SYLLABLE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DOTTED = re.compile(r"\b\w(?:\.\w)+\b\.?")
_WORD = re.compile(r"[a-z0-9]+")
_LEET = str.maketrans("013457", "oieast")
_LEET_IN = re.compile(r"(?<=[a-z])[013457](?=[a-z])|^[013457](?=[a-z]{2})")

# Scripts whose letters are consonants: Hebrew, Arabic and their kin; of South and South-East Asia
# anyascii gives the consonants alone.
_BARE_FROM, _BARE_TO = "\u0590", "\u109f"
_ARABIC_ARTICLE = "\u0627\u0644"
_MORE_FROM, _MORE_TO = "\u1780", "\u17ff"
_SYLLABLES_FROM = "\u2e80"


def _script(piece: str) -> int:
    if any(c >= _SYLLABLES_FROM for c in piece):
        return SYLLABLES
    thin = any(_BARE_FROM <= c <= _BARE_TO or _MORE_FROM <= c <= _MORE_TO for c in piece)
    return BARE if thin else FULL


def normalise(text: str, *, person: bool = False) -> Name:
    """Return *text* as a Name. Never fails: what cannot be used leaves no tokens and a note.

    person: legal forms stay, since short ones (Se, As, Co) are names of people as well.
    """
    note = ""
    if len(text) > TEXT_MAX:
        note = f"name cut at {TEXT_MAX} of {len(text)} characters"
        text = text[:TEXT_MAX]
    words = _read(text)
    forms: tuple[str, ...] = ()
    if not person:
        words, forms = _without_forms(words)
    plain = " ".join([word for word, _ in words])
    words = [row for row in words if row[0] not in ARTICLES] or words
    if len(words) > TOKENS_MAX:
        note = note or f"name cut at {TOKENS_MAX} of {len(words)} words"
        words = words[:TOKENS_MAX]
    tokens = tuple([word for word, _ in words])
    if any(len(token) >= TOKEN_MAX for token in tokens):
        note = note or f"a word of the name is cut at {TOKEN_MAX} characters"
    if not tokens:
        note = note or "nothing in the name can be compared"
    unread = bool(note)
    if not unread and not any(c.isalpha() for token in tokens for c in token):
        note = "digits only: compared as they are"
    return Name(
        *(text, tokens, tuple([script for _, script in words]), forms),
        *(" ".join(sorted(tokens)), "".join(tokens), plain, note),
        unread=unread,
    )


_Words = list[tuple[str, int]]


def _read(text: str) -> _Words:
    text = text if text.isascii() else cleaned(text)
    if text.isascii():
        return [(word, FULL) for word in _words(_CAMEL.sub(" ", text))]
    words: _Words = []
    for written in _QUIET.sub("", text).split():
        piece = unmixed(written)
        script = _script(piece)
        latin = piece if piece.isascii() else _transliterated(piece, script)
        words += [(word, script) for word in _words(latin)]
    return words


def _transliterated(piece: str, script: int) -> str:
    """Han and Hangul come one capitalised syllable a sign: they are words of their own."""
    if script == BARE and len(piece) > 4:
        piece = piece.removeprefix(_ARABIC_ARTICLE)
    return (_SYLLABLE if script == SYLLABLES else _CAMEL).sub(" ", anyascii(piece))


def _words(text: str) -> list[str]:
    text = _QUIET.sub("", text)
    if "." in text:
        text = _DOTTED.sub(lambda m: f" {''.join(c for c in m[0] if c.isalnum())} ", text)
    if "-" in text:
        text = _ASSIMILATED.sub("", text)
    words = []
    for word in _WORD.findall(text.casefold()):
        read = word[:TOKEN_MAX]
        if not read.isalpha() and not read.isdigit():
            read = _LEET_IN.sub(lambda m: m[0].translate(_LEET), read)
        words.append(KINSHIP.get(read, read))
    return words


@lru_cache(maxsize=65_536)
def _form_words(word: str) -> tuple[str, ...]:
    """Return *word* with a slip in a long word of legal forms mended, or such a word cut off.

    Companys and Limitedd would weigh as the rarest names otherwise.
    """
    if len(word) < FORM_WORD_MIN - 1 or word in FORM_WORDS:
        return (word,)
    for form in FORM_WORDS:
        if word.endswith(form) and len(word) > len(form) + 2:
            return word[: -len(form)], form
        if ratio(word, form) >= FORM_ALIKE_MIN:
            return (form,)
    return (word,)


def _without_forms(words: _Words) -> tuple[_Words, tuple[str, ...]]:
    """Take legal forms out, the longest phrases first; a name of nothing else keeps its words."""
    words = [(mended, script) for word, script in words for mended in _form_words(word)]
    kept: _Words = []
    forms: list[str] = []
    i, count = 0, len(words)
    while i < count:
        for size in range(min(PHRASE_WORDS_MAX, count - i), 0, -1):
            phrase = " ".join([word for word, _ in words[i : i + size]])
            if phrase in LEGAL_FORMS:
                forms.append(phrase)
                i += size
                break
        else:
            kept.append(words[i])
            i += 1
    return kept or words, tuple(forms)


_FOLDS = (
    ("tsch", "ch"), ("tch", "ch"), ("sch", "sh"), ("dzh", "j"), ("dj", "j"), ("zh", "j"),
    ("kh", "h"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("ph", "f"), ("ck", "k"), ("tz", "ts"),
    ("ae", "ai"), ("q", "k"), ("x", "ks"), ("w", "v"), ("ou", "u"), ("oo", "u"),
    ("ee", "i"), ("y", "i"), ("o", "u"), ("e", "a"),
)  # fmt: skip
_C_HARD = re.compile("c(?!h)")
_DOUBLED = re.compile(r"(.)\1+")
_SILENT_H = re.compile(r"(?<=[aiu])h$")


@lru_cache(maxsize=65_536)
def folded(token: str) -> str:
    """Return *token* so that other ways of writing the same sounds meet.

    By rule: doubled letters once; kh h, gh g, ph f, q c k, w v, y i; a and e, o and u are one
    each; a silent h at the end goes.
    """
    for written, sound in _FOLDS:
        if written in token:
            token = token.replace(written, sound)
    token = _DOUBLED.sub(r"\1", _C_HARD.sub("k", token))
    return _SILENT_H.sub("", token)


_SOFT = (
    ("sch", "sh"), ("ou", "w"), ("oo", "w"), ("ee", "y"), ("p", "b"), ("v", "w"), ("q", "k"),
    ("c", "k"), ("o", "w"), ("u", "w"), ("i", "y"), ("a", ""), ("e", ""),
)  # fmt: skip
_WEAK = re.compile("(?<=.)[wy]|(?<![cgkst])h$")


@lru_cache(maxsize=65_536)
def consonants(token: str) -> tuple[str, str]:
    """Return *token* as a script without vowels would write it: with long vowels, and without."""
    token = token.removeprefix("al") if len(token) > 5 else token
    for written, sound in _SOFT:
        if written in token:
            token = token.replace(written, sound)
    soft = _DOUBLED.sub(r"\1", token)
    return soft, _WEAK.sub("", soft)
