"""otcfix client against a desk that serves; then what the other commands say of it."""

import socket
import stat
import time
from decimal import Decimal

import pytest

from otcfix.cli.requests import in_dialect, new_order, quote_request
from otcfix.cli.words import body_of, is_fill, is_refusal, words_of
from otcfix.fix.client import Heard
from otcfix.fix.dialects import Translation
from otcfix.model.dialect import mirrored
from tests.cli.support import Run
from tests.support.desk_process import DeskProcess
from tests.support.house_desk import shipped_dialect


def test_a_deal_on_a_quote(ask: Run, staff: Run) -> None:
    """Hit: the fill has the quoted price, and stands in trades with the same ids."""
    answer = ask("rfq", "BTC/USD", "0.5", "--side", "buy", "--hit", "--json")
    assert answer.code == 0, answer.err
    deal = answer.document
    assert deal["outcome"] == "filled"
    assert Decimal(deal["filled"]) == Decimal("0.5")
    fill = [dict(m["fields"]) for m in deal["messages"] if "FILLS" in m["words"]]
    assert [f[31] for f in fill] == [deal["price"]]

    (trade,) = staff("trades", "--client", "ALPHA", "--json").document["trades"]
    assert trade["cl_ord_id"] == deal["cl_ord_id"]
    assert trade["exec_id"] == fill[0][17]
    assert trade["price"] == deal["price"]
    assert trade["side"] == "buy"
    assert trade["quantity"] == "0.50000000"
    assert deal["cl_ord_id"] in staff("trades").out


def test_a_quote_alone_in_42(ask: Run) -> None:
    """Without --hit nothing is dealt; FIX as it went is shown by --raw."""
    answer = ask("rfq", "BTC-USD", "0.1", "--side", "buy", "--session", "BETA42", "--raw")

    assert answer.code == 0, answer.err
    assert "quotes BTC-USD: offer" in answer.out
    assert "8=FIX.4.2|" in answer.out
    assert answer.out.endswith("Quoted.\n")


def test_what_the_client_keeps_is_his_own(served: DeskProcess, ask: Run) -> None:
    """QuickFIX writes the Logon down as it was sent: nobody else may read there."""
    assert ask("rfq", "BTC/USD", "0.1").code == 0
    kept = [path.parent for path in served.folder.rglob("*ALPHA-OTCFIX.body")]
    assert kept
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in kept} == {0o700}


def test_a_flat_order_system_asks_and_hits(ask: Run) -> None:
    """The request goes out as the session's dialect says it, without the group 146."""
    answer = ask(
        "rfq", "XBT/USD", "0.1", "--side", "buy", "--hit", "--session", "BETAFLAT", "--raw"
    )

    assert answer.code == 0, answer.err
    assert "146=" not in answer.out
    assert "quotes XBT/USD: offer" in answer.out
    assert "Dealt: 0.1" in answer.out


def test_an_order_rests_and_is_cancelled(ask: Run) -> None:
    """Numbers go on from run to run, and a cancel needs the ClOrdID only."""
    order = ask("order", "BTC/USD", "buy", "0.01", "--limit", "97000", "--wait", "0.1", "--json")
    assert order.document["outcome"] == "resting"

    done = ask("cancel", order.document["cl_ord_id"], "--json")
    assert done.document["outcome"] == "cancelled"
    again = ask("cancel", order.document["cl_ord_id"])
    assert again.code == 1
    assert "TOO_LATE" in again.out


def test_a_refused_order(ask: Run, staff: Run) -> None:
    """Exit code 1 with the desk's reason; the journal has the verdict."""
    answer = ask("order", "BTC/USD", "sell", "30", "--limit", "100500")

    assert answer.code == 1
    assert "REFUSES the order: FUNDS" in answer.out
    shown = staff("journal", "show", "--kind", "NewOrderSingle", "--verdicts", "--facts", "--json")
    last = shown.document["events"][-1]
    assert "38=30" in last["text"]
    assert last["verdicts"]
    assert last["facts"]["rates"]["BTC/USD"]["books"]


def test_lost_numbers_are_found_again(served: DeskProcess, ask: Run) -> None:
    """A client whose numbers were deleted goes on where the desk is."""
    done = served.run(
        "client", "rfq", "BTC/USD", "0.1", "--side", "sell",
        "--config", str(served.config), "--state", str(served.folder / "elsewhere"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ask("rfq", "BTC/USD", "0.1", "--side", "sell", "--fresh").code == 0


def test_a_kill_is_felt_and_ended(ask: Run, staff: Run) -> None:
    """The running desk takes it from the mailbox."""
    assert staff("kill", "--why", "test").code == 0
    try:
        answer = ask("rfq", "BTC/USD", "0.1", "--side", "sell")
        assert answer.code == 1
        assert "HALTED" in answer.out
    finally:
        done = staff("unkill", "--why", "test", "--json")
    assert done.document["offline"] is False


def test_watching_a_drop_copy(ask: Run) -> None:
    """What ALPHA dealt is copied, for as long as one watches."""
    answer = ask("watch", "--session", "ALPHADC", "--for", "1", "--json")

    assert answer.code == 0, answer.err
    assert answer.document["outcome"] == "watched"
    assert any("FILLS" in m["words"] for m in answer.document["messages"])


def test_a_wrong_secret(ask: Run) -> None:
    """Exit code 5; the secret is not repeated."""
    answer = ask("rfq", "BTC/USD", "1", "--session", "GAMMA50", "--secret", "guessed")

    assert answer.code == 5
    assert "refused the Logon of FIX.5.0SP2 GAMMA->OTCFIX" in answer.err
    assert "guessed" not in answer.err


def test_nobody_there(ask: Run) -> None:
    """Exit code 5 at once, and what to start."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = str(closed.getsockname()[1])
        began = time.monotonic()
        answer = ask("rfq", "BTC/USD", "1", "--port", port)

    assert answer.code == 5
    assert f"127.0.0.1:{port}: Connection refused; is `otcfix serve` running" in answer.err
    assert time.monotonic() - began < 8


def test_the_books_agree_while_the_desk_runs(served: DeskProcess, staff: Run) -> None:
    """Verify, replay, trial balance and status beside the running desk."""
    assert staff("journal", "verify", "--json").document["ok"] is True
    assert staff("replay", "--json").document["ok"] is True
    assert staff("ledger", "trial-balance").code == 0
    assert "process" in staff("db", "status", "--json").document["desk"]
    checked = staff("check", "--json").document
    assert checked["problems"] == []
    states = {r["key"]: r for r in staff("sessions", "list", "--json").document["sessions"]}
    assert states["ALPHA44"]["last_out"] > 0


def test_another_key_cannot_replay(
    served: DeskProcess, staff: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids differ, and the reason is said."""
    monkeypatch.setenv("OTCFIX_ID_KEY", "ab" * 24)

    answer = staff("replay")
    assert answer.code == 1
    assert "written with another id key" in answer.out


def test_a_second_desk_is_refused(served: DeskProcess, staff: Run) -> None:
    """One desk a database; the port is looked at first."""
    answer = staff("serve")

    assert answer.code == 3
    assert f"acceptor.port: cannot listen on {served.port}" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rfq", "BTC/USD", "NaN"), "not a plain decimal number"),
        (("rfq", "BTC/USD", "0"), "not above zero"),
        (("rfq", "BTC/USD", "1", "--hit"), "--hit: needs --side"),
        (("rfq", "BTC/USD", "1", "--session", "NOPE"), "no session NOPE"),
        (("rfq", "BTC/USD"), "Missing argument"),
        (("order", "BTC/USD", "buy", "1"), "--limit PRICE or --market"),
        (("order", "BTC/USD", "hold", "1", "--market"), "hold"),
        (("order", "BTC/USD", "buy", "1", "--limit", "1", "--tif", "gtd"), "--expire"),
        (("order", "BTC/USD", "buy", "1", "--limit", "x"), "not a plain decimal number"),
        (
            ("order", "BTC/USD", "buy", "1", "--limit", "1", "--tif", "gtd", "--expire", "soon"),
            "is no time",
        ),
    ],
)
def test_arguments_that_cannot_be_sent(run: Run, words: tuple[str, ...], said: str) -> None:
    """Seen before anything is connected: exit code 2, one line."""
    answer = run("client", *words)

    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def heard(text: str, *, sent: bool = False) -> Heard:
    """A message as it would have come, written with |."""
    fields = f"8=FIX.4.4|9=1|{text}|10=000|".replace("|", "\x01")
    return Heard(sent, text.partition("35=")[2].partition("|")[0], fields)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("35=8|150=8|39=8|58=FUNDS: no", "REFUSES the order: FUNDS: no"),
        ("35=8|20=0|150=2|39=2|54=1|55=B/U|32=1|31=9|151=0", "FILLS: buy 1 B/U at 9"),
        ("35=8|20=3|150=2|39=2|54=1|55=B/U|32=1|31=9|14=1|151=0", "the order is filled"),
        ("35=b|297=5|58=no price", "REFUSES the quote: no price"),
        ("35=b|297=1", "the quote is cancelled"),
        ("35=Z|117=Q1", "withdraws the quote Q1"),
        ("35=9|58=TOO_LATE|39=2", "REFUSES the cancel: TOO_LATE (the order is filled)"),
        ("35=j|372=D|58=why", "REJECTS the message D: why"),
        ("35=8|43=Y|150=0|39=0|54=2|38=1|55=B/U", "said again: accepts the order: sell 1 B/U"),
        ("35=B|148=news", "message B"),
    ],
)
def test_messages_in_words(text: str, words: str) -> None:
    """Each answer of each version in a sentence."""
    assert words_of(heard(text)).startswith(words)


def test_fills_and_refusals_are_told_apart() -> None:
    """A status report of a filled order is neither."""
    status = heard("35=8|20=3|150=2|39=2|32=1|31=9")

    assert not is_fill(status)
    assert not is_refusal(status)
    assert body_of(heard("35=8|34=7|49=A|150=0").text) == "35=8|150=0"


def test_what_is_sent_fits_its_version() -> None:
    """4.2 has HandlInst(21) and no QuoteType(537); in the flat dialect a request has no group."""
    plain = quote_request("FIX.4.4", "r1", "BTC/USD", "1")
    flat42 = Translation(mirrored(shipped_dialect("flat42")))
    flat = in_dialect(quote_request("FIX.4.2", "r1", "BTC-USD", "1", "buy"), flat42)
    assert plain.group == (146, [[(55, "BTC/USD"), (537, "1"), (38, "1")]])
    assert flat.group is None
    assert (54, "1") in flat.fields

    old = new_order("FIX.4.2", "c1", "BTC-USD", "sell", "1", "2", price="9", tif="gtc")
    assert (21, "1") in old.fields
    assert (59, "1") in old.fields
