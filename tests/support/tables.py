"""The check tables of rules.md, section 4, as they stand there: row, refusal, code per version.

Transcribed by hand, on purpose not taken from the code. `j n` is a BusinessMessageReject with
380=n, `-` means that the reason tag is left out.
"""

QUOTE = """
 1 | MISSING_FIELD    | j 5 | j 5 | j 5
 2 | WRONG_SESSION    | j 0 | j 6 | j 6
 3 | DUPLICATE        | 6   | 99  | 99
 4 | TOO_OLD          | 4   | 4   | 4
 5 | THROTTLED        | j 0 | j 0 | j 8
 6 | HALTED           | 2   | 2   | 2
 7 | NOT_AUTHORISED   | 9   | 6   | 6
 8 | UNKNOWN_ACCOUNT  | 9   | 6   | 6
 9 | UNKNOWN_SYMBOL   | 1   | 1   | 1
10 | NOT_AUTHORISED   | 9   | 6   | 6
11 | CLOSED           | 2   | 2   | 2
12 | UNSUPPORTED      | -   | 99  | 99
13 | BAD_QUANTITY     | -   | 99  | 99
14 | TOO_LARGE        | 3   | 3   | 3
15 | NO_PRICE         | 2   | 8   | 8
16 | NO_DEPTH         | 3   | 9   | 9
17 | MARKET_UNSTABLE  | 2   | 8   | 8
18 | LIMIT            | 3   | 3   | 3
19 | FUNDS            | 3   | 3   | 11
20 | PASS             | -   | 10  | 10
"""

ORDER = """
 1 | MISSING_FIELD    | j 5 | j 5 | j 5
 2 | WRONG_SESSION    | j 0 | j 6 | j 6
 3 | DUPLICATE        | 6   | 6   | 6
 4 | TOO_OLD          | 8   | 8   | 8
 5 | THROTTLED        | j 0 | j 0 | j 8
 6 | HALTED           | 2   | 2   | 2
 7 | NOT_AUTHORISED   | 0   | 99  | 99
 8 | UNKNOWN_ACCOUNT  | 0   | 15  | 15
 9 | UNKNOWN_SYMBOL   | 1   | 1   | 1
10 | NOT_AUTHORISED   | 0   | 99  | 99
11 | CLOSED           | 2   | 2   | 2
12 | UNSUPPORTED      | 0   | 11  | 11
13 | EXPIRES_PAST     | 4   | 4   | 4
14 | UNKNOWN_QUOTE    | 0   | 99  | 99
15 | INDICATIVE       | 0   | 11  | 11
16 | QUOTE_GONE       | 4   | 4   | 4
17 | QUOTE_DIFFERS    | 0   | 99  | 99
18 | BAD_QUANTITY     | 0   | 13  | 13
19 | TOO_LARGE        | 3   | 3   | 3
20 | BAD_PRICE        | 0   | 99  | 18
21 | NO_PRICE         | 0   | 99  | 19
22 | COLLAR           | 0   | 99  | 16
23 | NOTIONAL         | 3   | 3   | 27
24 | LIMIT            | 3   | 3   | 3
25 | FUNDS            | 3   | 3   | 25
26 | NO_DEPTH         | 0   | 99  | 99
27 | PRICE_MOVED      | 0   | 99  | 99
"""

CANCEL = """
 1 | MISSING_FIELD    | j 5 | j 5 | j 5
 2 | WRONG_SESSION    | j 0 | j 6 | j 6
 3 | DUPLICATE        | -   | 6   | 6
 4 | UNKNOWN_ORDER    | 1   | 1   | 1
 5 | NOT_CURRENT      | 1   | 1   | 1
 6 | TOO_LATE         | 0   | 0   | 0
 7 | IMMUTABLE        | 2   | 99  | 99
 8 | REPLACE_REFUSED  | 2   | 99  | 99
 9 | BAD_PRICE        | 2   | 99  | 18
"""

NUMBERS = ("42", "44", "50")


def rows(table: str) -> list[tuple[str, dict[str, str]]]:
    """The rows of a table in their order: the refusal, and its code by version number."""
    found = []
    for line in table.strip().splitlines():
        _, refusal, *codes = (cell.strip() for cell in line.split("|"))
        found.append((refusal, dict(zip(NUMBERS, codes, strict=True))))
    return found


def code(table: str, refusal: str, number: str) -> str:
    """The code of *refusal* in a version: `6`, `j 5` or `-`."""
    return dict(rows(table))[refusal][number]


BY_TAG = {658: QUOTE, 103: ORDER, 102: CANCEL}
"""Where the code of a tag stands."""
