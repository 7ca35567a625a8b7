"""What a dialect costs: one message each way through the shipped kind of flat 4.2 system.

No desk around it: fields in, fields out, as the parser and the renderer have them.
"""

import time

from otcfix.bench.children import Answer
from otcfix.bench.measure import percentile, rounded
from otcfix.fix.dialects import Translation
from otcfix.fix.fields import split
from otcfix.fix.wire import SOH
from otcfix.model.dialect import Dialect, Flat, Grouped, Rename, Values

TAKES = 5_000
MEMBERS = (55, 65, 48, 22, 207, 336, 54, 38, 64, 40, 126, 60, 15, 152, 537, 44, 62, 63, 59, 1, 109)

FLAT = Dialect(
    "flat42",
    "FIX.4.2",
    {"BTC-USD": "BTC/USD"},
    (Grouped(("R",), 146, MEMBERS),),
    (Flat(("R",), 146, MEMBERS),),
)
"""What config/dialects/flat42.toml makes."""

ODD = Dialect(
    "odd42",
    "FIX.4.2",
    {"BTC-USD": "BTC/USD"},
    (*FLAT.inbound, Rename((), 7001, 1), Rename((), 7011, 11), Values((), 54, (("B", "1"),))),
    (*FLAT.outbound, Rename((), 1, 7001), Rename((), 11, 7011), Values((), 54, (("1", "B"),))),
)
"""One that renames two tags and maps a value of every message besides."""

HEAD = "8=FIX.4.2|9=200|35={}|34=7|49=BETA|52=20270113-12:00:00.000|56=OTCFIX|"
REQUEST = "131=R7|{one}=BETA-1|38=1|40=2|44=100500|54={side}|55=BTC-USD|59=4|10=000|"
ORDER = (
    "{one}=BETA-1|{eleven}=F1|15=BTC|21=1|38=1|40=D|44=100100|54={side}|55=BTC-USD|59=4|"
    "60=20270113-12:00:00.000|117=QAAAAAAAA|10=000|"
)
REPORT = (
    "37=OAAAAAAAA|17=EAAAAAAAA|20=0|150=2|39=2|55=BTC-USD|54=1|38=1|40=D|59=4|44=100100|15=BTC|"
    "32=1|31=100100.00|381=100100.00|119=100100.00|120=USD|75=20270113|64=20270113|151=0|14=1|"
    "6=100100|60=20270113-12:00:00.000|11=F1|1=BETA-1|"
)
MESSAGES = {
    "R": ("in", HEAD.format("R") + REQUEST),
    "D": ("in", HEAD.format("D") + ORDER),
    "8": ("out", REPORT),
}


def measure(takes: int = TAKES) -> Answer:
    """Return µs p50 and p99 of R, D and 8 through each dialect, splitting of an 8 included."""
    found: Answer = {}
    words = {"flat42": (FLAT, 1, 11, "1"), "odd42": (ODD, 7001, 7011, "B")}
    for name, (dialect, one, eleven, side) in words.items():
        translation = Translation(dialect)
        found[name] = {
            kind: _timed(translation, kind, way, text, takes)
            for kind, (way, pattern) in MESSAGES.items()
            for text in [pattern.format(one=one, eleven=eleven, side=side).replace("|", SOH)]
        }
    return found


def _timed(translation: Translation, kind: str, way: str, text: str, takes: int) -> Answer:
    fields = split(text)
    took = []
    for _ in range(takes):
        began = time.perf_counter_ns()
        if way == "in":
            translation.inbound(kind, fields)
        else:
            translation.said(kind, text)
        took.append((time.perf_counter_ns() - began) / 1_000)
    took.sort()
    return {"p50_us": rounded(percentile(took, 0.5)), "p99_us": rounded(percentile(took, 0.99))}
