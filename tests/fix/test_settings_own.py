"""A session's own dictionary, as the engine gets it."""

from pathlib import Path

from otcfix.fix.dictionaries import stock_path
from otcfix.fix.settings import without_data


def test_a_dictionary_of_somebody_s_own_has_no_data_fields(tmp_path: Path) -> None:
    """Whatever quotes it uses; nothing else is changed, and the original stays as it is."""
    stock = stock_path("FIX44")
    text = stock.read_text("utf-8")
    assert "DATA" in text
    copy = without_data(stock, tmp_path)
    changed = copy.read_text("utf-8")
    assert "type='DATA'" not in changed
    assert 'type="DATA"' not in changed
    assert len(changed.splitlines()) == len(text.splitlines())
    assert without_data(stock, tmp_path) == copy
    assert stock.read_text("utf-8") == text
