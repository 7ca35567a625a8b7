"""otcfix policy: which rule decides, what the rules are, new ones for a desk that does not run."""

from pathlib import Path

from tests.cli.support import Run


def edit(old: str, new: str) -> None:
    """Change the rules in this folder."""
    path = Path("config/jurisdictions.toml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def add(text: str) -> None:
    """Add to the rules in this folder."""
    path = Path("config/jurisdictions.toml")
    path.write_text(f"{path.read_text()}\n{text}")


ASK = ("policy", "explain", "--client", "ALPHA", "--instrument", "BTC/USD")
NO_BTC = '[[rule]]\nid = "no-btc"\neffect = "DENY"\njurisdiction = "LU"\nasset = "BTC"\n'


def test_explain_names_the_rule_and_the_licence(run: Run) -> None:
    """The candidates in their order, and what was looked at."""
    said = run(*ASK, "--json").document
    assert said["allowed"] is True
    assert said["of"] == "configuration"
    buy, sell = said["sides"]
    assert (buy["rule"], sell["rule"]) == ("eea", "eea")
    (one,) = buy["candidates"]
    assert (one["specificity"], one["licence_required"], one["licence"]) == (1, "CASP", "casp-lu")

    out = run(*ASK).out
    assert "buy and sell: allowed by rule eea" in out
    assert "CASP: casp-lu" in out


def test_explain_shows_who_was_weaker(run: Run) -> None:
    """Of two that match the more specific one decides; the other says why it does not."""
    add(NO_BTC + "valid_from = 2030-01-01\n")
    before = run(*ASK, "--date", "2029-12-31", "--json").document
    after = run(*ASK, "--date", "2030-01-01", "--side", "sell", "--json").document
    assert before["allowed"] is True
    said = [one["said"] for one in before["sides"][0]["candidates"]]
    assert said == ["decides", "does not hold before 2030-01-01"]
    assert after["allowed"] is False
    (side,) = after["sides"]
    assert (side["side"], side["rule"], side["effect"]) == ("sell", "no-btc", "DENY")
    said = [one["said"] for one in side["candidates"]]
    assert said == ["decides", "less specific than no-btc"]


def test_explain_a_licence_that_is_not_there(run: Run) -> None:
    """GAMMA sits in New York; without its licence the rule allows nothing."""
    edit("active = true", "active = false")
    out = run("policy", "explain", "--client", "GAMMA", "--instrument", "BTC/USD").out
    assert "refused by rule us-ny-crypto: no active licence BITLICENSE for US-NY" in out
    assert "BITLICENSE: none that is active" in out


def test_explain_what_the_client_may_not_deal_in_anyway(run: Run) -> None:
    """His own instruments are asked first."""
    out = run("policy", "explain", "--client", "BETA", "--instrument", "EUR/USD").out
    assert "not among the instruments of BETA" in out


def test_explain_wants_what_is_there(run: Run) -> None:
    """One line, exit code 2, and what there is."""
    for more, said in (
        (("--client", "OMEGA", "--instrument", "BTC/USD"), "there are ALPHA, BETA"),
        (("--client", "ALPHA", "--instrument", "BTC/EUR"), "there are BTC/USD, ETH/USD"),
        (("--client", "ALPHA", "--instrument", "BTC/USD", "--side", "up"), "expected buy or sell"),
        (("--client", "ALPHA", "--instrument", "BTC/USD", "--date", "now"), "write 2027-01-31"),
    ):
        answer = run("policy", "explain", *more)
        assert answer.code == 2
        assert said in " ".join(answer.err.split())


def test_show(run: Run) -> None:
    """Version, counts, licences and how they stand today."""
    said = run("policy", "show", "--json").document
    assert len(said["policy"]) == 64
    assert sum(said["effects"].values()) == said["rules"] == len(said["rule"])
    assert {one["licence"]: one["now"] for one in said["licences"]} == {
        "casp-lu": "active",
        "ny-bitlicense": "active",
    }
    out = run("policy", "show").out
    assert said["policy"] in out
    assert "BITLICENSE" in out


def test_reload_gives_the_desk_new_rules_and_says_when_they_are_the_same(
    run: Run, funded: Path
) -> None:
    """Journaled with who and why; State has them, and explain reads them there."""
    database = ("--database", "sqlite:///state/otcfix.db")
    same = run("policy", "reload", "--why", "test")
    assert (same.code, "Unchanged: policy" in same.out) == (0, True)
    add(NO_BTC)
    assert run(*ASK, *database, "--json").document["allowed"] is True
    done = run("policy", "reload", "--why", "law", "--by", "carol", "--json").document
    assert (done["ok"], done["changed"], done["offline"]) == (True, True, True)
    (event,) = run("journal", "show", "--kind", "SetPolicy", "--json").document["events"]
    assert '"why":"law"' in event["text"]
    said = run(*ASK, *database, "--json").document
    assert (said["allowed"], said["of"], said["policy"]) == (False, "database", done["policy"])
    assert run("policy", "show", *database, "--json").document["policy"] == done["policy"]
    again = run("policy", "reload", "--why", "test", "--json").document
    assert again["changed"] is False
    assert run("replay").code == 0


def test_reload_refuses_a_broken_file_whole(run: Run, funded: Path) -> None:
    """With every problem; the desk keeps what it has."""
    before = run("policy", "show", "--database", "sqlite:///state/otcfix.db", "--json").document
    add(NO_BTC.replace("LU", "UK") + NO_BTC.replace('"BTC"', '"DOGE"'))
    answer = run("policy", "reload", "--why", "test")
    assert answer.code == 3
    for said in ("unknown UK", "unknown DOGE", "no-btc stands there more than once"):
        assert said in answer.err
    edit('asset = "DOGE"', 'asset = "BTC"')
    edit('"UK"', '"LU"')
    path = Path("config/jurisdictions.toml")
    path.write_text(path.read_text().replace(NO_BTC, "", 2))
    after = run("policy", "show", "--database", "sqlite:///state/otcfix.db", "--json").document
    assert after["policy"] == before["policy"]


def test_check_tells_of_the_rules_and_of_the_networks(run: Run) -> None:
    """Warnings for what is odd, problems for what is wrong."""
    add(NO_BTC)
    Path("config/geo.csv").write_text("192.0.2.0/24,CH\n192.0.2.0/25,LI\nx,CH\n")
    said = run("check", "--json").document
    assert any("config/geo.csv: line 2: overlaps" in line for line in said["problems"])
    assert any("config/geo.csv: line 3: expected a network" in line for line in said["problems"])
    add('[[rule]]\nid = "some"\neffect = "ALLOW"\njurisdiction = "LU"\nasset = "BTC"\n')
    said = run("check", "--json").document
    assert any("rules no-btc and some: overlap" in line for line in said["warnings"])
