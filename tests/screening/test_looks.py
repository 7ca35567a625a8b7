"""Names written so that a program reads another word than a person does."""

import time

import pytest

from otcfix.screening.looks import as_seen
from otcfix.screening.party import Party
from tests.screening.listed import CROWD, index_of

INDEX = index_of(*CROWD, "Petrovich Khomenko, Alexei", "Nova Harbour Bank")


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("Alехеі Pеtrоvісh Кhоmеnко", 16),  # Cyrillic letters among Latin ones
        ("АLЕХЕІ РЕТRОVІСН КНОМЕNКО", 16),  # every letter that has a likeness
        ("Ivan Sergeyevich VοΙκον", 4),  # Greek
        ("Ａｌｅｘｅｉ Ｐｅｔｒｏｖｉｃｈ Ｋｏｍｅｎｋｏ", 16),  # full-width, and a slip
        ("\U0001d400\U0001d425\U0001d41e\U0001d431\U0001d41e\U0001d422 Petrovic Khomenko", 16),
        ("Al\ufeffexei Petro\u200bvich \u202eKhomen\u00adco", 16),  # nothing one can see
        ("Alexei Petrovich Khomenko \U0001f600", 16),
        ("4l3x31 P37r0v1ch Kh0m3nk0", 16),
        ("@lexei Petrov!ch Khomenko", 16),
        ("A l e x e i P e t r o v i c h K h o m e n k o", 16),
        ("AlexeiPetrovichKhomenko", 16),
        ("AlexeiKHOMENKO Petrovich", 16),
        ("khomenkoalexei petrovich", 16),
        ("petro vichale xei khomenko", 16),
        ("N0VA Harb0ur 8ank", 17),
    ],
)
def test_it_is_found(written: str, listed: int) -> None:
    """As the person would who compares them by eye."""
    hits = {hit.entry_id: hit.score for hit in INDEX.screen(Party(written), 0.88).hits}

    assert f"OWN:{listed}" in hits


@pytest.mark.parametrize("name", ["Alexei Khomenko", "Bank 24", "Владимир Жуков", ""])
def test_most_names_are_read_once(name: str) -> None:
    """Figures that stand alone and words of one alphabet are what they are."""
    assert as_seen(name) == ()


@pytest.mark.parametrize("sign", ["z", "0", "z0", "а", "\u200b", "\ufdfa", "a aa aaa "])
def test_junk_is_read_in_no_time(sign: str) -> None:
    """10 kB of anything."""
    began = time.process_time()
    INDEX.screen(Party(sign * (10_000 // len(sign))))

    assert time.process_time() - began < 1
