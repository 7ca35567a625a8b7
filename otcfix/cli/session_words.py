"""A session's row in the words of a table, or of a sheet of its own."""

from typing import Any

Row = dict[str, Any]

COLUMNS = (
    *("key", "state", "version", "kind", "client", "SenderCompID", "TargetCompID", "username"),
    *("peer", "epoch", "next in", "next out", "last in", "last out", "age ms", "queue"),
)
RIGHT = ("epoch", "next in", "next out", "age ms", "queue")


def table_of(rows: list[Row]) -> tuple[tuple[str, ...], list[tuple[Any, ...]], tuple[str, ...]]:
    """Columns, cells and which columns are numbers."""
    cells = [
        (
            *(row["key"], row["state"], row["version"], row["kind"], row["client"]),
            *(row["sender_comp_id"], row["target_comp_id"], row["username"]),
            *(row.get("peer", ""), row["epoch"], row["next_in"], row["next_out"]),
            *(_short(row.get("last_message_in")), _short(row.get("last_message_out"))),
            *(_ms(row.get("age_p50_ms")), row.get("inbox", 0) + row.get("owed", 0)),
        )
        for row in rows
    ]
    return COLUMNS, cells, RIGHT


def _short(message: Any) -> str:
    return f"{message['type']} {message['at'][11:19]}" if message and message["type"] else ""


def _whole(message: Any) -> str:
    return f"35={message['type']} at {message['at']}" if message and message["type"] else "none"


def _ms(value: Any) -> str:
    return "" if value is None else f"{value:g}"


def sheet_of(row: Row) -> list[tuple[str, str]]:
    """What `sessions show` says, line by line."""
    yes = "yes" if row["cancel_on_disconnect"] else "no"
    lines = [
        ("session", f"{row['key']}, {row['version']}, {row['kind']}, client {row['client']}"),
        ("CompIDs", f"49={row['sender_comp_id']} 56={row['target_comp_id']} 553={row['username']}"),
        ("state", row["state"]),
        ("numbers", f"epoch {row['epoch']}, next in {row['next_in']}, next out {row['next_out']}"),
    ]
    if "peer" in row:
        lines += _of_the_line(row)
    grace = f", after {row['cancel_grace_ms']} ms" if row["cancel_on_disconnect"] else ""
    lines += [
        ("schedule", row["schedule"] or "non-stop"),
        ("next start", row["next_start"] or "-"),
        ("141=Y at logon", "accepted" if row["allow_reset"] else "refused"),
        ("cancel on disconnect", f"{yes}{grace}"),
        ("PossDup", row["poss_dup"]),
    ]
    for rate in row.get("throttles", ()):
        words = f"{rate['left']} left of {rate['burst']}, {rate['per_second']} a second"
        lines.append(
            (f"rate of {rate['class']}", f"{words}, refused today {rate['refused_today']}")
        )
    return lines


def _of_the_line(row: Row) -> list[tuple[str, str]]:
    trip = "not measured" if row["round_trip_ms"] is None else f"{row['round_trip_ms']:g} ms"
    ages = "none yet"
    if row["age_p50_ms"] is not None:
        ages = f"{row['age_p50_ms']:g} ms p50, {row['age_max_ms']:g} ms most"
    failed = row["last_failed_logon"]
    last = f", last from {failed['from']} at {failed['at']}" if failed["at"] else ""
    away = f", turned away for {row['turned_away_s']:g} s" if row["turned_away_s"] else ""
    return [
        ("peer", row["peer"] or "-"),
        ("logged on", row["logged_on_at"] or "-"),
        ("last message in", _whole(row["last_message_in"])),
        ("last message out", _whole(row["last_message_out"])),
        ("age of messages", ages),
        ("round trip", trip),
        ("inbox", f"{row['inbox']} waiting"),
        ("said, not proven read", str(row["unproven"])),
        ("waits for release", str(row["owed"])),
        ("streams held", "yes" if row["streams_held"] else "no"),
        ("failed logons", f"{row['failed_logons']}{last}{away}"),
    ]
