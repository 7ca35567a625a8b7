"""Names and times of a log in today's words; comparing by keys."""

import pytest

from otcfix.fixlog.fields import split
from otcfix.fixlog.names import Dictionaries
from otcfix.model.errors import ConfigError
from otcfix.model.time import DAY, SECOND
from otcfix.trials.comparing import Answer, Comparison, Matcher
from otcfix.trials.remapping import Remapping


def fields(text: str) -> list[tuple[bytes, bytes]]:
    return split(text.replace("|", "\x01").encode())


def text_of(pairs: list[tuple[bytes, bytes]]) -> str:
    return "|".join(f"{tag.decode()}={value.decode()}" for tag, value in pairs)


def answer(text: str, line: int = 1) -> Answer:
    pairs = tuple(fields(text))
    return Answer(line, dict(pairs)[b"35"], pairs, b"")


def test_the_clients_ids_are_new_and_stay_the_same_ones() -> None:
    """A ClOrdID and the OrigClOrdID that names it; a request of the same name is another."""
    names = Remapping("N")

    assert text_of(names.spoken(fields("35=D|49=A|11=1|58=x|"), 0)) == "11=N1|58=x"
    assert text_of(names.spoken(fields("35=R|131=1|"), 0)) == "131=N2"
    assert text_of(names.spoken(fields("35=F|115=Z|41=1|11=2|"), 0)) == "115=Z|41=N1|11=N3"
    assert names.own_id(b"11", b"N3") == b"2"


def test_an_order_hits_the_quote_of_now_at_its_price() -> None:
    """On either side; another price, or a quote that never came, stays what it was."""
    names = Remapping("N")
    logged, now = fields("117=Q|132=99.0|133=101|"), fields("117=X|132=50|133=52|")
    names.learn_quote(logged, now)
    assert names.agrees(b"117", b"Q", b"X")

    assert text_of(names.spoken(fields("117=Q|44=101.00|"), 0)) == "117=X|44=52"
    assert text_of(names.spoken(fields("117=Q|44=99|"), 0)) == "117=X|44=50"
    assert text_of(names.spoken(fields("117=Q|44=100|"), 0)) == "117=X|44=100"
    assert text_of(names.spoken(fields("117=Z|44=101|"), 0)) == "117=Z|44=101"
    assert text_of(names.spoken(fields("44=101|"), 0)) == "44=101"


def test_times_go_along() -> None:
    """Times by the difference, dates by whole days; what is no time stays."""
    names = Remapping("N")
    body = fields("60=20260105-10:00:00.5|126=soon|432=20260105|64=20260105|")

    later = text_of(names.spoken(body, 2 * DAY + 90 * SECOND))

    assert later == "60=20260107-10:01:30.500|126=soon|432=20260107|64=20260107"


def test_an_id_of_the_desk_stands_for_one_of_the_log_only() -> None:
    """The first pair is learnt, and held against what follows."""
    names = Remapping("N")

    assert names.agrees(b"37", b"O1", b"X1")
    assert names.agrees(b"37", b"O1", b"X1")
    assert not names.agrees(b"37", b"O1", b"X2")
    assert not names.agrees(b"37", b"O2", b"X1")
    assert names.agrees(b"17", b"O1", b"X9")
    assert not names.agrees(b"37", b"NONE", b"X3")


def comparison(**more: object) -> Comparison:
    return Comparison(Matcher.model_validate(more), Dictionaries(), Remapping("N"))


def kinds(made: Comparison) -> list[str]:
    made.end()
    return [row.kind for row in made.rows]


def test_an_answer_that_came_early_is_no_other() -> None:
    """What comes before its place in the log is paired when that is reached."""
    made = comparison()
    made.came(answer("35=9|11=1|102=1|"))
    made.expect(answer("35=9|11=1|102=1|"))

    assert made.open == 0
    assert kinds(made) == []
    assert made.same == 1


def test_what_is_owed_is_counted_by_what_it_is_about() -> None:
    """Two reports expected, a reject and nothing else: one answer is still owed."""
    made = comparison()
    made.expect(answer("35=8|11=1|150=0|"))
    made.expect(answer("35=8|11=1|150=F|"))
    assert made.open == 2
    made.came(answer("35=8|11=1|150=8|"))
    assert made.open == 1
    assert kinds(made) == ["different", "missing"]


def test_an_answer_of_another_type_about_the_same_is_different() -> None:
    """A reject where the log has a quote."""
    made = comparison()
    made.expect(answer("35=S|131=1|132=5|"))
    made.came(answer("35=AG|131=1|658=1|"))

    assert kinds(made) == ["different"]
    assert {change.tag for change in made.rows[0].changes} == {b"35", b"132", b"658"}


def test_order_may_matter_or_not() -> None:
    """Two cancels of one order in the other order."""
    for ordered, found in ((True, ["different", "different"]), (False, [])):
        made = comparison(ordered=ordered, keys={"9": ["OrigClOrdID"]})
        made.expect(answer("35=9|11=1|41=0|102=1|", 1))
        made.expect(answer("35=9|11=2|41=0|102=0|", 2))
        made.came(answer("35=9|11=2|41=0|102=0|"))
        made.came(answer("35=9|11=1|41=0|102=1|"))
        assert kinds(made) == found


def test_types_left_out_are_not_told() -> None:
    """Neither missing nor extra nor different; quotes still give their names."""
    made = comparison(types_ignored=["S", "9"])
    made.expect(answer("35=S|131=1|117=Q|132=5|133=6|"))
    made.came(answer("35=S|131=1|117=X|132=7|133=8|"))
    made.came(answer("35=9|11=5|"))

    assert kinds(made) == []
    assert made.same == 0


def test_a_matcher_names_fields_that_there_are() -> None:
    """An unknown name is an error of the file."""
    with pytest.raises(ConfigError, match="Nonsense"):
        comparison(ignore=["Nonsense"])
