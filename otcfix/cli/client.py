"""otcfix client: a FIX initiator for people."""

import signal
import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli import client_options as opt
from otcfix.cli.client_options import secured
from otcfix.cli.options import CONFIG_DEFAULT, ConfigOption, JsonOption, quiet, read_amount
from otcfix.cli.outcome import CONNECT, NO, Failed, usage_error
from otcfix.cli.show import later, print_json
from otcfix.cli.talk import Line, Secured, Talk, state_folder, talking

if TYPE_CHECKING:
    from otcfix.fix.client import Heard

app = typer.Typer(
    help="Clients: a FIX client for people, and the register of who they are.",
    no_args_is_help=True,
)
FIX = "As a FIX client"


class Side(StrEnum):
    """The client's side, of the base unless a currency is named."""

    BUY = "buy"
    SELL = "sell"


class Tif(StrEnum):
    """TimeInForce(59)."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


def _line(
    config: Path,
    session: str,
    host: str,
    port: int,
    secret: str,
    state: Path | None,
    fresh: bool,
    timeout_s: float,
    raw: bool,
    as_json: bool,
    tls: Secured | None,
) -> Line:
    quiet("error")
    folder = state if state is not None else state_folder()
    return Line(config, session, host, port, secret, folder, fresh, timeout_s, raw, as_json, tls)


def _end(talk: Talk, line: Line, ok: bool, outcome: str, words: str, **more: Any) -> None:
    """Say how it went; exit code 1 when not as asked."""
    if line.as_json:
        print_json(talk.document(ok, outcome, **more))
    else:
        print(words)
    if not ok:
        raise typer.Exit(NO)


def _no_answer(line: Line, what: str) -> Failed:
    return Failed(CONNECT, f"no {what} within {line.timeout_s:g} s")


def _answers(heard: "Heard", *ids: str) -> bool:
    """Whether a message is about one of *ids*, or a Reject(3) of what we sent."""
    return any(heard.value(tag) in ids for tag in (11, 131, 379)) or heard.msg_type == "3"


@app.command(rich_help_panel=FIX)
def rfq(
    symbol: opt.SymbolArgument,
    quantity: opt.QuantityArgument,
    side: Annotated[
        Side | None, typer.Option("--side", help="Ask for one side only; default: both.")
    ] = None,
    currency: opt.CurrencyOption = "",
    hit: Annotated[bool, typer.Option("--hit", help="Deal on the quote; needs --side.")] = False,
    config: ConfigOption = CONFIG_DEFAULT,
    session: opt.SessionOption = "",
    host: opt.HostOption = "127.0.0.1",
    port: opt.PortOption = 0,
    tls: opt.TlsOption = False,
    ca: opt.CaOption = None,
    certificate: opt.CertificateOption = None,
    key: opt.KeyOption = None,
    secret: opt.SecretOption = "",
    state: opt.StateOption = None,
    fresh: opt.FreshOption = False,
    timeout: opt.TimeoutOption = 10.0,
    raw: opt.RawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask for a quote; with --hit deal on it and check that the fill has the quoted price.

    Examples:
      otcfix client rfq BTC/USD 1
      otcfix client rfq BTC/USD 0.5 --side buy --hit
      otcfix client rfq BTC/USD 100000 --currency USD --side sell --hit --session BETA42 --raw
    """
    read_amount(quantity, "QTY")
    if hit and side is None:
        raise usage_error("--hit: needs --side buy or --side sell: which side of the quote")
    how = secured(tls, ca, certificate, key)
    line = _line(config, session, host, port, secret, state, fresh, timeout, raw, as_json, how)
    with talking(line) as talk:
        _rfq(talk, line, symbol, quantity, side.value if side else "", currency, hit)


def _rfq(
    talk: Talk, line: Line, symbol: str, quantity: str, side: str, currency: str, hit: bool
) -> None:
    from otcfix.cli import requests  # noqa: PLC0415

    version = talk.session.version
    quote_req_id = requests.new_id("r")
    talk.send(requests.quote_request(version, quote_req_id, symbol, quantity, side, currency))
    quote = talk.until(lambda h: _answers(h, quote_req_id), line.timeout_s)
    if quote is None:
        raise _no_answer(line, "answer to the QuoteRequest")
    if quote.msg_type != "S":
        _end(talk, line, False, "refused", "No quote.", reason=quote.value(58))
        return
    if not hit:
        _end(talk, line, True, "quoted", "Quoted.", quote_id=quote.value(117))
        return
    price = quote.value(132) or quote.value(133)
    cl_ord_id = requests.new_id("c")
    talk.send(
        requests.new_order(
            version, cl_ord_id, symbol, side, quantity, requests.QUOTED,
            price=price, quote_id=quote.value(117), currency=currency,
        )
    )  # fmt: skip
    _end_of_hit(talk, line, cl_ord_id, quantity, price)


def _end_of_hit(talk: Talk, line: Line, cl_ord_id: str, quantity: str, price: str) -> None:
    fills, last = _follow(talk, cl_ord_id, line.timeout_s)
    if last is None:
        raise _no_answer(line, "final report")
    filled = sum((Decimal(h.value(32)) for h in fills), Decimal(0))
    wrong = [h.value(31) for h in fills if Decimal(h.value(31)) != Decimal(price)]
    more = {"cl_ord_id": cl_ord_id, "filled": filled, "price": price}
    if wrong:
        said = f"Filled at {', '.join(wrong)}, which is not the quoted {price}."
        _end(talk, line, False, "wrong_price", said, **more)
    elif filled != Decimal(quantity):
        reason = last.value(58) or "not filled"
        _end(talk, line, False, "refused", f"Not dealt: {reason}", reason=reason, **more)
    else:
        _end(talk, line, True, "filled", f"Dealt: {filled} at the quoted {price}.", **more)


def _follow(talk: Talk, cl_ord_id: str, timeout_s: float) -> tuple[list["Heard"], "Heard | None"]:
    """The fills of an order, and the report or reject that ends it (None: none in time)."""
    from otcfix.cli.words import is_fill  # noqa: PLC0415

    fills: list[Heard] = []
    end = time.monotonic() + timeout_s
    while True:
        heard = talk.until(lambda h: _answers(h, cl_ord_id), end - time.monotonic())
        if heard is None:
            return fills, None
        if is_fill(heard):
            fills.append(heard)
        if heard.msg_type != "8" or heard.value(39) in ("2", "4", "8", "C"):
            return fills, heard


@app.command(rich_help_panel=FIX)
def order(
    symbol: opt.SymbolArgument,
    side: Annotated[Side, typer.Argument(metavar="SIDE", help="buy or sell.")],
    quantity: opt.QuantityArgument,
    limit: Annotated[
        str, typer.Option("--limit", metavar="PRICE", help="No worse than that.")
    ] = "",
    market: Annotated[bool, typer.Option("--market", help="At the desk's price now.")] = False,
    tif: Annotated[Tif | None, typer.Option("--tif", help="How long; default: day.")] = None,
    expire: Annotated[
        str, typer.Option("--expire", metavar="TIME", help="For gtd: 10m, 2h, or a UTC time.")
    ] = "",
    currency: opt.CurrencyOption = "",
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="For fills of a resting order.")
    ] = 1.0,
    config: ConfigOption = CONFIG_DEFAULT,
    session: opt.SessionOption = "",
    host: opt.HostOption = "127.0.0.1",
    port: opt.PortOption = 0,
    tls: opt.TlsOption = False,
    ca: opt.CaOption = None,
    certificate: opt.CertificateOption = None,
    key: opt.KeyOption = None,
    secret: opt.SecretOption = "",
    state: opt.StateOption = None,
    fresh: opt.FreshOption = False,
    timeout: opt.TimeoutOption = 10.0,
    raw: opt.RawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send an order; a resting one is watched for --wait seconds, then left at the desk.

    Exit code 1 when it is refused, or ends unfilled.

    Examples:
      otcfix client order BTC/USD buy 0.5 --limit 99000
      otcfix client order BTC/USD sell 1 --market
      otcfix client order BTC/USD buy 1 --limit 98000 --tif gtd --expire 10m --wait 60
    """
    read_amount(quantity, "QTY")
    if bool(limit) == market:
        raise usage_error("--limit PRICE or --market: one of them")
    if limit:
        read_amount(limit, "--limit")
    if (tif is Tif.GTD) != bool(expire):
        raise usage_error("--expire: --tif gtd needs it, and nothing else has it")
    until = later(expire, "--expire", time.time_ns() // 1_000) if expire else 0
    how = secured(tls, ca, certificate, key)
    line = _line(config, session, host, port, secret, state, fresh, timeout, raw, as_json, how)
    with talking(line) as talk:
        _order(talk, line, symbol, side.value, quantity, limit, tif, until, currency, wait)


def _order(
    talk: Talk,
    line: Line,
    symbol: str,
    side: str,
    quantity: str,
    limit: str,
    tif: Tif | None,
    until: int,
    currency: str,
    wait_s: float,
) -> None:
    from otcfix.cli import requests  # noqa: PLC0415
    from otcfix.model.time import utc_timestamp  # noqa: PLC0415

    cl_ord_id = requests.new_id("c")
    talk.remember(cl_ord_id, symbol, side, quantity)
    talk.send(
        requests.new_order(
            talk.session.version, cl_ord_id, symbol, side, quantity,
            requests.LIMIT if limit else requests.MARKET, price=limit,
            tif=tif.value if tif else "", expire=utc_timestamp(until) if until else "",
            currency=currency,
        )
    )  # fmt: skip
    first = talk.until(lambda h: _answers(h, cl_ord_id), line.timeout_s)
    if first is None:
        raise _no_answer(line, "answer to the order")
    if first.msg_type != "8" or first.value(150) == "8":
        reason = first.value(58)
        _end(talk, line, False, "refused", "Refused.", cl_ord_id=cl_ord_id, reason=reason)
        return
    rests = limit and (tif is None or tif in (Tif.DAY, Tif.GTC, Tif.GTD))
    fills, last = _follow(talk, cl_ord_id, wait_s if rests else line.timeout_s)
    filled = sum((Decimal(h.value(32)) for h in fills), Decimal(0))
    more = {"cl_ord_id": cl_ord_id, "filled": filled}
    if last is None:
        said = f"Resting as {cl_ord_id}, {filled} filled; see `otcfix client watch`."
        _end(talk, line, True, "resting", said, **more)
    elif last.value(39) == "2":
        _end(talk, line, True, "filled", f"Filled: {filled}.", **more)
    else:
        _end(talk, line, filled > 0, "ended", f"Ended with {filled} filled.", **more)


@app.command(rich_help_panel=FIX)
def cancel(
    cl_ord_id: Annotated[str, typer.Argument(metavar="CLORDID", help="The order's ClOrdID(11).")],
    symbol: Annotated[
        str, typer.Option("--symbol", metavar="PAIR", help="Of an order not sent from here.")
    ] = "",
    side: Annotated[Side | None, typer.Option("--side", help="As --symbol.")] = None,
    config: ConfigOption = CONFIG_DEFAULT,
    session: opt.SessionOption = "",
    host: opt.HostOption = "127.0.0.1",
    port: opt.PortOption = 0,
    tls: opt.TlsOption = False,
    ca: opt.CaOption = None,
    certificate: opt.CertificateOption = None,
    key: opt.KeyOption = None,
    secret: opt.SecretOption = "",
    state: opt.StateOption = None,
    fresh: opt.FreshOption = False,
    timeout: opt.TimeoutOption = 10.0,
    raw: opt.RawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cancel a resting order. Exit code 1 when the desk refuses.

    Examples:
      otcfix client cancel c-17a2b3c4d5e6f708
      otcfix client cancel MYORDER1 --symbol BTC/USD --side buy
    """
    how = secured(tls, ca, certificate, key)
    line = _line(config, session, host, port, secret, state, fresh, timeout, raw, as_json, how)
    with talking(line) as talk:
        from otcfix.cli import requests  # noqa: PLC0415

        known = talk.recall(cl_ord_id)
        if known is None and (not symbol or side is None):
            raise usage_error(
                f"CLORDID: {cl_ord_id} was not sent from here: name --symbol and --side"
            )
        pair, way, quantity = known or (symbol, side.value if side else "", "")
        cancel_id = requests.new_id("x")
        talk.send(requests.cancel(cancel_id, cl_ord_id, pair, way, quantity))
        answer = talk.until(lambda h: _answers(h, cancel_id), line.timeout_s)
        if answer is None:
            raise _no_answer(line, "answer to the cancel")
        done = answer.msg_type == "8" and answer.value(150) == "4"
        said = "Cancelled." if done else "Not cancelled."
        _end(talk, line, done, "cancelled" if done else "refused", said, cl_ord_id=cl_ord_id)


@app.command(rich_help_panel=FIX)
def watch(
    seconds: Annotated[
        float, typer.Option("--for", metavar="SECONDS", help="Then end; 0: until Ctrl-C.")
    ] = 0.0,
    config: ConfigOption = CONFIG_DEFAULT,
    session: opt.SessionOption = "",
    host: opt.HostOption = "127.0.0.1",
    port: opt.PortOption = 0,
    tls: opt.TlsOption = False,
    ca: opt.CaOption = None,
    certificate: opt.CertificateOption = None,
    key: opt.KeyOption = None,
    secret: opt.SecretOption = "",
    state: opt.StateOption = None,
    fresh: opt.FreshOption = False,
    timeout: opt.TimeoutOption = 10.0,
    raw: opt.RawOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the desk says on a session, also what it says again, until Ctrl-C.

    Examples:
      otcfix client watch
      otcfix client watch --session ALPHADC --for 60 --json
    """
    how = secured(tls, ca, certificate, key)
    line = _line(config, session, host, port, secret, state, fresh, timeout, raw, as_json, how)
    with talking(line) as talk:
        if not as_json:
            print(f"Watching {talk.client.login.name}; Ctrl-C ends it.", flush=True)
        try:
            talk.until(lambda _: False, seconds or 10**9, everything=True)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # log out in peace
        _end(talk, line, True, "watched", f"{len(talk.heard)} messages.")
