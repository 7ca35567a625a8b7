"""A session's own dictionary, as the engine gets it."""

from pathlib import Path

import pytest
import quickfix as fix

from otcfix.fix.dictionaries import stock_path
from otcfix.fix.settings import without_data
from otcfix.model.errors import ConfigError


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


def test_a_dictionary_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    """Many are written on Windows. One in two bytes a character would keep its data fields."""
    own = tmp_path / "own.xml"
    written = stock_path("FIX44").read_text("utf-8")
    head = "<?xml version='1.0' encoding='ISO-8859-1'?><!-- caf\xe9 -->"
    text = head + written[written.index("<fix") :]
    own.write_bytes(text.encode("latin-1"))
    copy = without_data(own, tmp_path / "copies")
    assert b"caf\xe9" in copy.read_bytes()
    assert fix.DataDictionary(str(copy)).getVersion() == "FIX.4.4"
    own.write_text(text.replace("ISO-8859-1", "UTF-16"), "utf-16")
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        without_data(own, tmp_path / "copies")
