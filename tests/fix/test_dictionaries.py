"""What our dictionaries let in, what stock ones make of what we say, what a session costs."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import quickfix as fix

from otcfix.fix import dictionaries
from otcfix.fix.dialect_dictionary import derived
from otcfix.fix.dictionaries import (
    EXTENSIONS,
    MESSAGES,
    VERSIONS,
    Dictionaries,
    build,
    left_out,
    stock_path,
)
from otcfix.fix.stock_client import stock_validator, validator
from tests.support.house_desk import shipped_dialect

T = "20250102-10:00:00.000"
UNTIL = "20250102-10:00:03.000"

INSTRUMENT_BOILERPLATE = "|48=BBG|22=A|167=FXSPOT|207=XOFF"

# Each line is the body of a message as a client may send it (section 6 of the rules, and what order
# systems add to it). "4" means 4.2 and 4.4, "new" 4.4 and 5.0SP2, "all" all three.
INBOUND = {
    "all": f"""
        35=D|11=A1|21=1|117=Q1|55=BTC/USD|54=1|38=1|15=BTC|40=D|44=100100|59=4|60={T}
        35=D|11=G1|21=1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=6|126={UNTIL}|60={T}|1=ACC|110=1
        35=D|11=G2|21=1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=6|432=20250103|60={T}|58=x|376=c
        35=D|11=G3|21=1|55=BTC/USD|54=2|152=1000|15=USD|40=1|59=3|60={T}|18=o|63=M1|64=20250103
        35=D|11=G4|21=3|55=A|54=1|38=3|40=1|60={T}|2676=0.0001|100=X|111=1|210=1|114=N|168={T}
        35=D|11=G5|21=1|55=A|54=1|38=3|40=1|60={T}|78=1|79=ACC|80=3|386=1|336=1{INSTRUMENT_BOILERPLATE}
        35=F|41=A1|11=A2|55=BTC/USD|54=1|60={T}|38=1|37=O1
        35=G|41=H1|11=H2|21=1|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1|60={T}|2676=0.001
        35=H|11=F1|55=BTC/USD|54=1
        35=R|131=R1|146=1|55=BTC/USD|54=1|38=1|15=BTC|40=2|60={T}|126={UNTIL}|64=20250103|63=0
        35=c|320=L|321=77|55=A|15=B|58=x
        35=g|335=S|336=1|263=77
        35=R|131=R2|146=2|55=BTC/USD|152=1000|537=1|44=9|62={UNTIL}|1=ACC|55=ETH/USD|38=10
        35=V|262=M1|263=1|264=0|265=1|267=2|269=0|269=1|146=2|55=BTC/USD|55=ETH/USD
        35=V|262=M1|263=9|264=-1|265=7|267=1|269=2|146=1|55=BTC/USD
        35=Z|117=Q1|298=5
        35=Z|131=R1|298=4
        35=Z|131=R1|117=Q1|298=1|295=1|55=BTC/USD
        35=a|117=Q5|55=BTC/USD
        35=a|131=R1|55=BTC/USD
        35=Q|37=O1|17=E1|127=A|55=BTC/USD|54=1|58=unknown trade
        35=j|45=3|372=8|380=0|58=what was that
        35=3|45=3|372=8|373=5|371=39
        35=A|98=0|108=30|141=Y|553=name|554=word
        35=0|112=x
        35=1|112=x
        35=2|7=1|16=0
        35=4|36=7|123=Y
        35=5|58=bye
    """,
    "FIX.4.2": f"""
        35=D|11=F1|21=1|117=Q7|55=A|54=1|38=1|40=H|44=100100|59=4|60={T}|109=END|47=A
        35=D|11=F2|55=A|54=1|38=1|40=1|60={T}
        35=R|131=R3|146=1|55=A|59=4|109=END|63=0|62={UNTIL}|44=9|537=0|152=5|15=B|38=1|54=1
    """,
    "new": f"""
        35=D|11=F1|55=BTC/USD|54=1|38=1|40=D|117=Q7|60={T}|453=1|448=END|447=D|452=3|802=1|523=s|803=1
        35=D|11=F2|55=A|54=1|38=1|40=1|60={T}|526=s|528=P|529=1|581=1|582=4|635=B|660=99|460=4|461=X
        35=AJ|693=x|131=R1|117=Q6|694=1|11=D2|55=A|54=1|38=1|15=BTC|44=1|64=20250103|60={T}|1=ACC
        35=a|649=s1|117=Q5|55=BTC/USD
        35=q|11=C1|530=7|60={T}
        35=q|11=C1|530=1|55=BTC/USD|60={T}
        35=AF|584=M1|585=7
        35=R|131=R1|146=1|55=BTC/USD|555=2|600=BTC/USD|624=1|687=1|600=BTC/USD|624=2|687=1
        35=AD|568=T|569=77|263=1|37=O|11=A|17=E|55=A|54=1|580=2|75=20250102|75=20250103|48=X|22=A
        35=AD|568=T|569=1|453=1|448=A|447=D|452=3|580=1|60={T}|573=0|828=0|150=F
        35=x|320=L|559=77|55=A|15=B|336=1|263=0|58=x
        35=AN|710=P|724=9|453=1|448=A|447=D|452=3|1=ACC|581=1|715=20250102|60={T}|55=A|15=B|263=0
        35=BB|909=C|938=1|896=7|453=1|448=A|447=D|452=3|1=ACC|15=A|37=O|124=1|17=E|263=0
        35=BE|923=U|924=77|553=name|554=old|925=new|95=3|96=abc
    """,
    "FIX.5.0SP2": f"""
        35=D|11=F1|55=A|54=1|38=1|40=1|60={T}|1138=1|2593=1|2594=0|2595=Y|957=1|958=a|959=1|960=2
    """,
}

# What we say (R8), each line legal for a client that has never seen our dictionaries.
OUTBOUND = {
    "all": """
        35=X|262=M|268=2|279=1|269=0|55=A|270=1|271=1|299=P|290=1|279=2|269=1|55=A|290=2
        35=Y|262=M|281=8|58=UNSUPPORTED tag=269: ..
    """,
    "FIX.4.2": f"""
        35=S|131=R7|117=Q7|55=BTC-USD|132=100000.00|133=100100.00|134=1|135=1|62={UNTIL}|60={T}|15=BTC
        35=S|131=R7|117=IQ7|55=BTC-USD|132=100000.00|133=100100.00|134=0|135=0|60={T}|64=20250102
        35=b|131=R8|297=5|300=1|58=UNKNOWN_SYMBOL: ..
        35=W|55=A|262=M|268=2|269=0|270=1|271=1|299=P0|269=1|270=2|271=1|299=P1
        35=W|55=A|262=M|268=0
        35=b|131=R8|297=5|58=BAD_QUANTITY tag=38: ..
        35=b|117=Q7|297=0
        35=Z|131=R7|117=Q7|298=1|295=1|55=BTC-USD
        35=8|37=O2|11=F1|17=E3|20=0|150=0|39=0|55=A|54=1|38=1|40=H|59=4|14=0|151=1|6=0|60={T}|1=ACC
        35=8|37=O2|11=F1|17=E4|20=0|150=2|39=2|55=A|54=1|38=1|32=1|31=100100.00|14=1|151=0|6=100100|\
381=100100.00|119=100100.00|120=USD|64=20250102|75=20250102|12=5|13=3|44=100100|60={T}|15=BTC
        35=8|37=NONE|11=F1|17=E5|20=0|150=8|39=8|103=6|55=A|54=1|38=1|14=0|151=0|6=0|58=DUPLICATE
        35=8|37=O2|11=F1|17=0|20=3|150=2|39=2|55=A|54=1|14=1|151=0|6=100100
        35=8|37=O2|11=F2|41=F1|17=E6|20=0|150=5|39=5|55=A|54=1|38=2|14=0|151=2|6=0|126={UNTIL}
        35=8|37=O2|11=F2|17=E7|20=0|150=4|39=4|378=4|55=A|54=1|14=0|151=0|6=0|58=CANCELLED_BY_DESK
        35=8|37=O2|11=F2|17=E8|20=1|19=E4|150=0|39=0|55=A|54=1|14=0|151=0|6=0
        35=8|37=O2|11=F2|17=E9|20=2|19=E4|150=2|39=2|55=A|54=1|14=1|151=0|6=9|152=100|109=END
        35=9|37=O9|11=I2|41=I1|39=2|434=1|102=0|58=..
        35=9|37=NONE|11=I2|41=I1|39=8|434=2|102=1
        35=j|45=7|372=D|379=A1|380=5|58=MISSING_FIELD tag=44: ..
        35=B|148=Maintenance|33=1|58=at noon
        35=B|42={T}|61=1|148=Maintenance|33=2|58=at noon|58=and at night
        35=d|320=L|322=L1|323=4|393=2|55=A|231=1|15=B|58=RoundLot=1
        35=h|335=S|336=DESK|340=2|325=N|342={T}|344={T}|58=REDUCING
    """,
    "new": f"""
        35=AQ|568=T|569=0|263=1|748=1|749=0|750=0|55=NONE|58=x
        35=AO|721=P|710=P|727=1|728=0|729=0|1=ACC|581=1|453=1|448=A|447=D|452=3
        35=AP|721=P|710=P|724=0|727=1|728=0|715=20250102|453=1|448=A|447=D|452=3|1=ACC|581=1|55=A|\
15=A|730=1|731=2|734=1|702=2|703=TOT|704=1|706=0|703=DLV|705=1|706=0|753=1|707=FMTM|708=1
        35=BG|909=C|945=0|946=0|911=1|453=1|448=A|447=D|452=3|1=ACC|581=1
        35=BA|908=C|909=C|910=3|911=1|912=Y|453=1|448=A|447=D|452=3|1=ACC|15=A|899=1|900=1|901=1
        35=BF|923=U|553=name|926=5|927=x
        35=S|131=R1|117=Q1|537=1|55=BTC/USD|38=1|15=BTC|132=100000.00|133=100100.00|134=1|135=1|\
62={UNTIL}|64=20250102|1=ACC|60={T}
        35=S|131=R6|117=Q6|537=0|55=BTC/USD|54=1|133=100100.00|135=1
        35=AG|131=M1|658=1|146=1|55=NOPE/USD|38=1|58=UNKNOWN_SYMBOL: ..
        35=AI|649=s1|117=Q5|55=BTC/USD|297=7
        35=AI|693=N2|117=Q21|55=ETH/USD|297=11
        35=AI|131=R1|117=NONE|55=ETH/USD|297=9
        35=Z|131=R1|117=Q22|298=1|295=1|55=BTC/USD
        35=8|37=O1|11=A1|17=E1|150=0|39=0|55=BTC/USD|54=1|38=1|14=0|151=1|6=0|40=D|44=100100|60={T}
        35=8|37=O1|11=A1|17=E2|150=F|39=2|55=BTC/USD|54=1|38=1|32=1|31=100100.00|14=1|151=0|6=100100|\
381=100100.00|119=100100.00|120=USD|64=20250102|75=20250102|12=5|13=3|479=USD|15=BTC|60={T}
        35=8|37=NONE|11=D2|693=x|17=E3|150=8|39=8|103=11|55=A|54=1|14=0|151=0|6=0|58=INDICATIVE: ..
        35=8|37=O1|11=A1|17=0|150=I|39=2|55=A|54=1|14=1|151=0|6=1|584=M1|911=1|912=Y|797=Y
        35=8|37=O1|11=A2|41=A1|17=E4|150=5|39=0|55=A|54=1|38=2|14=0|151=2|6=0|453=1|448=E|447=D|452=3
        35=8|37=O1|11=A2|17=E5|150=4|39=4|378=99|55=A|54=1|14=0|151=0|6=0
        35=8|37=O1|11=A2|17=E6|150=C|39=C|55=A|54=1|38=3|14=2|151=0|6=99890
        35=8|37=O1|11=A2|17=E7|19=E2|150=H|39=0|55=A|54=1|14=0|151=0|6=0
        35=8|37=O1|11=A2|17=E8|19=E2|150=G|39=2|55=A|54=1|14=1|151=0|6=9
        35=8|37=NONE|17=0|150=I|39=8|55=NONE|54=7|14=0|151=0|6=0|584=M1|911=0|912=Y
        35=9|37=O9|11=I2|41=I1|39=2|434=1|102=0
        35=9|37=NONE|11=I3|41=nope|39=8|434=2|102=99
        35=j|45=7|372=D|379=A1|380=6|58=WRONG_SESSION: ..
        35=B|148=Maintenance|33=1|58=at noon
    """,
    "FIX.4.4": f"""
        35=d|320=L|322=L1|323=1|55=A|231=1|15=B|561=1|562=1|58=x
        35=h|335=S|336=A|340=6|567=1|58=x
        35=y|320=L|322=L1|560=0|393=1|893=Y|146=1|55=A|231=1|15=B|561=1|562=1|58=x
        35=AE|571=E|487=0|856=0|568=T|150=F|748=1|912=Y|325=N|17=E|570=Y|55=A|32=1|31=1|75=20250102|\
60={T}|64=20250102|552=1|54=1|37=O|11=A|453=1|448=A|447=D|452=3|1=ACC|15=A|12=1|13=3|479=B|381=1|\
119=1|120=B
        35=W|55=A|262=M|268=2|269=0|270=1|271=1|299=P0|269=1|270=2|271=1|299=P1
        35=W|55=A|262=M|268=0
        35=r|37=M1|11=C1|530=7|531=7|533=2|534=2|41=A1|535=O1|41=A2|535=O2
        35=r|37=NONE|11=C1|530=5|531=0|532=0
    """,
    "FIX.5.0SP2": f"""
        35=d|320=L|322=L1|323=4|55=A|231=1|969=1|15=B|58=x
        35=h|335=S|336=1|1300=A|55=A|340=6|567=1|58=x
        35=y|320=L|322=L1|560=0|393=1|893=Y|146=1|55=A|231=1|969=1|562=1|1140=1|561=1|15=B
        35=AE|571=E|1003=E|487=0|856=0|568=T|150=F|748=1|912=Y|325=N|17=E|570=Y|55=A|32=1|31=1|15=A|\
381=1|120=B|75=20250102|60={T}|64=20250102|552=1|54=1|453=1|448=A|447=D|452=3|1=ACC|12=1|13=3|\
479=B|119=1|1072=1|37=O|11=A
        35=AI|117=Q5|55=BTC/USD|297=16
        35=W|55=A|262=M|268=1|269=0|270=1|271=1|299=P0|779={T}
        35=AI|117=Q5|55=BTC/USD|297=17
        35=AG|131=M1|658=11|146=1|55=BTC/USD|58=FUNDS: ..
        35=Z|117=Q22|298=5
        35=8|37=O1|17=E1|150=F|39=2|55=A|54=1|14=1|151=0|880=T1|2676=0.001|18=o|103=99|60={T}
        35=8|37=NONE|17=E1|150=8|39=8|103=18|55=A|54=1|14=0|151=0
        35=r|37=M1|1369=M1|11=C1|530=7|531=7|533=2|534=2|1824=A1|535=O1|1824=A2|535=O2
        35=j|45=7|372=D|379=A1|380=8|58=THROTTLED: ..
    """,
}

# R7's table: what we must not say, with the reason a stock client gives.
REFUSED = {
    "FIX.4.2": f"""
        35=S|117=Q|55=A|537=1                                                   -> 0 537
        35=S|117=Q|55=A|1=ACC                                                   -> 2 1
        35=S|117=Q|55=A|38=1                                                    -> 2 38
        35=S|117=Q|55=A|54=1                                                    -> 2 54
        35=S|117=Q|55=A|58=x                                                    -> 2 58
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|117=Q           -> 2 117
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|131=Q           -> 2 131
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|18=o            -> 5 18
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|2676=1          -> 0 2676
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|797=Y           -> 0 797
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|479=USD         -> 0 479
        35=8|37=O|17=E|20=0|150=8|39=8|55=A|54=1|151=0|14=0|6=0|103=9           -> 5 103
        35=8|37=O|17=E|20=0|150=0|39=0|55=A|54=1|151=0|14=0|6=0|5001=x          -> 0 5001
        35=9|37=O|11=A|41=B|39=8|434=1|102=6                                    -> 5 102
        35=b|131=R|297=7                                                        -> 5 297
        35=b|131=R|297=5|300=99                                                 -> 5 300
        35=j|372=D|380=6                                                        -> 5 380
        35=j|372=D|380=5|371=38                                                 -> 2 371
        35=Z|117=Q|298=5|295=1|55=A                                             -> 5 298
        35=Z|117=Q|298=1                                                        -> 1 295
        35=AG|131=R|658=1|146=1|55=A                                            -> 11 None
        35=r|37=O|530=7|531=7                                                   -> 11 None
        35=D|11=A|21=1|55=A|54=1|40=1|60={T}|2676=0.1                           -> 0 2676
    """,
    "FIX.4.4": """
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|6=0|117=Q                -> 2 117
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|6=0|131=Q                -> 2 131
        35=8|37=O|17=E|150=5|39=5|55=A|54=1|151=0|14=0|6=0                      -> 5 39
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|6=0|18=o                 -> 5 18
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|6=0|2676=1               -> 0 2676
        35=8|37=O|17=E|150=F|39=2|55=A|54=1|151=0|14=1|6=1|880=T                -> 2 880
        35=8|37=O|17=E|150=8|39=8|55=A|54=1|151=0|14=0|6=0|103=18               -> 5 103
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|6=0|5001=x               -> 0 5001
        35=j|372=D|380=5|371=38                                                 -> 2 371
        35=j|372=D|380=8                                                        -> 5 380
        35=AI|117=Q|55=A|297=5|300=99                                           -> 2 300
        35=AI|117=Q|55=A|297=16                                                 -> 5 297
        35=AG|131=R|658=11|146=1|55=A                                           -> 5 658
        35=AG|131=R|658=1|146=1|55=A|54=Q                                       -> 5 54
        35=AG|131=R|658=1|146=2|55=A                                            -> 16 146
        35=Z|117=Q|298=5                                                        -> 5 298
    """,
    "FIX.5.0SP2": """
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|117=Q                    -> 2 117
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|131=Q                    -> 2 131
        35=8|37=O|17=E|150=0|39=0|55=A|54=1|151=0|14=0|5001=x                   -> 0 5001
        35=j|372=D|380=5|371=38                                                 -> 2 371
        35=j|372=D|380=3|1137=9                                                 -> 2 1137
        35=r|37=O|530=7|531=7                                                   -> 1 1369
        35=r|37=O|1369=M|530=7|531=7|534=1|41=A|535=O                           -> 2 41
    """,
}


def lines(table: dict[str, str], version: str) -> list[str]:
    keys = ("all", *(("new",) if version != "FIX.4.2" else ()), version)
    text = "".join(table.get(key, "") for key in keys)
    return [line.strip() for line in text.splitlines() if line.strip()]


def cases(table: dict[str, str]) -> list[object]:
    return [
        pytest.param(version, line, id=f"{version}-{index}-{line.split('|')[0]}")
        for version in VERSIONS
        for index, line in enumerate(lines(table, version))
    ]


def framed(version: str, text: str) -> str:
    """The text with header, BodyLength and CheckSum."""
    msg_type, _, body = text.partition("|")
    begin = "FIXT.1.1" if version == "FIX.5.0SP2" else version
    body = f"{msg_type}|34=2|49=C|52={T}|56=D|{body}|".replace("|", "\x01")
    head = f"8={begin}\x019={len(body)}\x01"
    return f"{head}{body}10={sum(f'{head}{body}'.encode()) % 256:03d}\x01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dictionaries:
    return build(tmp_path_factory.mktemp("dictionaries"))


@pytest.fixture(scope="module")
def ours(made: Dictionaries) -> dict[str, Callable[[str], None]]:
    return {
        "FIX.4.2": validator(made.fix42),
        "FIX.4.2 flat": validator(derived(made.fix42, shipped_dialect("flat42"))),
        "FIX.4.4": validator(made.fix44),
        "FIX.5.0SP2": validator(made.fix50sp2, made.fixt11),
    }


@pytest.mark.parametrize(("version", "text"), cases(INBOUND))
def test_what_a_client_may_send_passes(ours, version, text):
    if text.startswith("35=A|") and version == "FIX.5.0SP2":
        text += "|1137=9"
    ours[version](framed(version, text))


@pytest.mark.parametrize(("version", "text"), cases(OUTBOUND))
def test_what_we_say_passes_a_stock_client(ours, version, text):
    raw = framed(version, text)

    stock_validator(version)(raw)
    ours[version](raw)  # a resent message is parsed with our dictionary


@pytest.mark.parametrize(("version", "text"), cases(REFUSED))
def test_a_stock_client_refuses_what_the_rules_say_it_refuses(version, text):
    message, _, answer = text.partition("->")
    reason, tag = answer.split()

    with pytest.raises(ValueError, match=f" 373={reason} 371={tag}:"):
        stock_validator(version)(framed(version, message.strip()))


def test_a_flat_request_passes_in_its_dialect_alone(ours):
    """R with the fields of group 146 in the message itself; without the group elsewhere: 373=1."""
    flat = framed("FIX.4.2", "35=R|131=R7|55=BTC-USD|54=1|38=1|40=2|44=100500|59=4|1=ACC|537=1")
    grouped = framed("FIX.4.2", "35=R|131=R7|146=1|55=BTC-USD|38=1")

    ours["FIX.4.2 flat"](flat)
    with pytest.raises(ValueError, match="373=1 371=146"):
        ours["FIX.4.2"](flat)
    with pytest.raises(ValueError, match="373=2 371=146"):
        ours["FIX.4.2 flat"](grouped)


@pytest.mark.parametrize(
    ("version", "text", "answer"),
    [
        ("FIX.4.2", f"35=q|11=C1|530=7|60={T}", "373=11"),
        ("FIX.4.2", "35=AJ|693=1|694=1", "373=11"),
        ("FIX.4.4", "35=R|131=R1|146=1|54=1|55=BTC/USD", "373=16 371=146"),
        ("FIX.4.4", "35=D|11=A|55=A|54=1|40=1", "373=1 371=60"),
        ("FIX.4.4", f"35=D|11=A|55=A|54=1|40=?|60={T}", "373=5 371=40"),
        ("FIX.4.4", f"35=D|11=A|55=A|54=1|40=1|38=1e3|60={T}", "373=6 371=38"),
        ("FIX.4.4", f"35=D|11=A|55=A|54=1|40=1|38=1|60={T}|2677=1", "373=0 371=2677"),
        ("FIX.5.0SP2", f"35=D|11=A|55=A|54=1|40=1|38=1|60={T}|1102=5", "373=0 371=1102"),
        ("FIX.5.0SP2", "35=R|131=R1", "373=1 371=146"),
    ],
)
def test_what_quickfix_itself_refuses(ours, version, text, answer):
    with pytest.raises(ValueError, match=answer):
        ours[version](framed(version, text))


@pytest.mark.parametrize("tag_order", ["55 54 38 152 537", "55 537 152 38 54"])
def test_in_a_group_only_the_first_tag_has_a_fixed_place(ours, tag_order):
    """So the published order of our extras is the order of the journal's text, not a demand."""
    values = {"55": "A", "54": "1", "38": "1", "152": "5", "537": "1"}
    body = "|".join(f"{tag}={values[tag]}" for tag in tag_order.split())

    ours["FIX.4.2"](framed("FIX.4.2", f"35=R|131=R1|146=1|{body}"))


def test_the_types_left_out_are_known_so_that_they_can_be_called_unsupported():
    assert {"e", "E", "N"} <= left_out("FIX.4.2")
    assert "q" not in left_out("FIX.4.2")
    assert {"e", "AB", "AR"} <= left_out("FIX.4.4") & left_out("FIX.5.0SP2")
    for version in VERSIONS:
        assert not left_out(version) & set(MESSAGES[version].split())


def test_a_second_build_writes_nothing(tmp_path):
    build(tmp_path)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.iterdir()}

    started = time.perf_counter()
    build(tmp_path)

    assert time.perf_counter() - started < 0.1
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()} == before


def test_a_build_repairs_what_is_torn_and_is_the_same_everywhere(tmp_path, made):
    torn = build(tmp_path).fix44
    torn.write_bytes(torn.read_bytes()[:5000])

    assert build(tmp_path).fix44.read_bytes() == made.fix44.read_bytes()


def test_builders_at_the_same_time_do_not_disturb_each_other(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(build, [tmp_path] * 4))

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["FIX42.xml", "FIX44.xml", "FIX50SP2.xml", "FIXT11.xml"]
    )


def test_no_row_of_the_tables_names_nothing():
    """A rule that matches nothing is a slip, or stock has caught up."""
    stocks = {v: dictionaries._Stock.load(dictionaries._STOCK[v]) for v in VERSIONS}
    components = set().union(*(stock.components for stock in stocks.values()))
    components |= dictionaries._Stock.load("FIXT11").components.keys()

    assert components >= dictionaries.COMPONENTS >= dictionaries.AS_IN_44
    for version in VERSIONS:
        stock = stocks[version]
        types = {m.attrib["msgtype"]: m for m in stock.root.iterfind("messages/message")}
        assert set(MESSAGES[version].split()) <= types.keys()
        for row in (row for row in EXTENSIONS if version in row.versions):
            for msg_type in set(row.messages.split()) & types.keys():
                place = types[msg_type]
                if row.group:
                    place = stock.find(place, row.group)
                names = {item.attrib["name"] for item in dictionaries._flatten(place, stock)}
                known = {int(stock.by_name[name].attrib["number"]) for name in names}
                assert not known & set(row.tags), row
        for row in (row for row in dictionaries.VALUES if version in row.versions):
            enums = {value.get("enum") for value in stock.by_tag[row.tag]}
            assert enums
            assert row.enum not in enums, row


def test_a_missing_stock_dictionary_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(FileNotFoundError, match=r"share/quickfix/FIX44\.xml.*sys\.prefix"):
        stock_path("FIX44")


def test_settings_name_the_dictionaries_of_a_version(made):
    assert made.settings("FIX.4.2") == {"DataDictionary": str(made.fix42)}
    assert set(made.settings("FIX.5.0SP2")) == {
        "TransportDataDictionary",
        "AppDataDictionary",
        "DefaultApplVerID",
    }
    with pytest.raises(ValueError, match="no dictionary for"):
        made.settings("FIX.4.3")


def test_every_field_of_the_header_is_kept(made):
    for stock, path in (("FIX42", made.fix42), ("FIX44", made.fix44), ("FIXT11", made.fixt11)):
        theirs, mine = fix.DataDictionary(str(stock_path(stock))), fix.DataDictionary(str(path))
        for tag in range(1, 1500):
            assert theirs.isHeaderField(tag) == mine.isHeaderField(tag)
            assert theirs.isTrailerField(tag) == mine.isTrailerField(tag)


SESSIONS = """
import pathlib, sys
import psutil, quickfix as fix
sys.path.insert(0, sys.argv[1])
from otcfix.fix.dictionaries import build

class Silent(fix.Application):
    def onCreate(self, session):
        pass

folder, version = pathlib.Path(sys.argv[2]), sys.argv[3]
settings = build(folder).settings(version)
begin = "FIXT.1.1" if version == "FIX.5.0SP2" else version
config = ["[DEFAULT]", "ConnectionType=acceptor", "SocketAcceptPort=1"]
config += ["StartTime=00:00:00", "EndTime=00:00:00", *map("=".join, settings.items())]
for number in range(100):
    config += ["[SESSION]", f"BeginString={begin}", "SenderCompID=D", f"TargetCompID=C{number}"]
folder.joinpath("sessions.cfg").write_text("\\n".join(config))
application, stores = Silent(), fix.MemoryStoreFactory()
settings = fix.SessionSettings(str(folder / "sessions.cfg"))
before = psutil.Process().memory_info().rss
acceptor = fix.SocketAcceptor(application, stores, settings)
print((psutil.Process().memory_info().rss - before) / 100 / 1024)
"""


@pytest.mark.parametrize(
    ("version", "kilobytes"), [("FIX.4.2", 300), ("FIX.4.4", 750), ("FIX.5.0SP2", 1250)]
)
def test_what_a_session_costs(tmp_path, version, kilobytes):
    """With a dictionary of its own, which the desk's sessions share: stock costs 415, 2,540 and
    65,300 kB."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SESSIONS, str(root), str(tmp_path), version]

    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert float(output) < kilobytes
