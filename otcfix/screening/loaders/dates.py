"""Dates as the lists write them, in ISO: a day, a month or a year."""

import re
from datetime import date

MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
SPAN_MAX = 20
"""Years of a span (1957 to 1963) that are told one by one; a longer one says nothing."""

_WORDS = re.compile(r"(?:(\d{1,2}) +)?(?:([A-Za-z]{3})[a-z]*\.? +)?(\d{4})\b")


def iso(year: int, month: int = 0, day: int = 0) -> str:
    """`1965-03-01`, `1965-03` or `1965`: the longest part of it that can be a date."""
    if not 1800 <= year <= 2200:
        return ""
    if not 1 <= month <= 12:
        return f"{year}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return f"{year}-{month:02}"


def in_words(text: str) -> list[str]:
    """`22 May 1964`, `circa 1965`, `Jan 1970`, `1957 to 1963`: a span as each of its years."""
    found = []
    for day, month, year in _WORDS.findall(text):
        number = MONTHS.get(month.lower(), 0)
        found.append(iso(int(year), number, int(day or 0) if number else 0))
    found = [f for f in found if f]
    if len(found) == 2 and (" to " in text or "-" in text or "between" in text.lower()):
        return span(int(found[0][:4]), int(found[1][:4]))
    return found


def span(first: int, last: int) -> list[str]:
    """Every year of a span, unless it is too long to say anything."""
    if not 0 <= last - first <= SPAN_MAX:
        return []
    return [f for year in range(first, last + 1) if (f := iso(year))]


def in_figures(text: str) -> str:
    """`1965-03-01`, `1965-03`, `1965`, `01/03/1965` (day first), `dd/mm/1965`; else empty."""
    text = text.strip()[:10].replace("dd/", "00/").replace("/mm/", "/00/")
    match = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text)
    if match:
        return iso(*(int(part or 0) for part in match.groups()))
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if match:
        day, month, year = (int(part) for part in match.groups())
        return iso(year, month, day)
    return ""
