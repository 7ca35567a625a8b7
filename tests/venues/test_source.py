"""A source that cannot be priced is refused when the desk is configured."""

import pytest

from otcfix.model.errors import ConfigError
from otcfix.venues.source import SourceSpec
from tests.venues.support import perpetual, spot


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: spot("", "BTC/USD"), "name"),
        (lambda: SourceSpec("a", "v", "future", "BTC", "USD"), "kind: 'future'"),
        (lambda: perpetual("a", "BTC/USD", basis="mean"), "basis: 'mean'"),
        (lambda: spot("a", "BTC/USD", basis="ewma"), "basis: only a perpetual"),
        (lambda: spot("a", "BTC/USD", reference_of="BTC/USD"), "reference_of"),
        (lambda: spot("a", "USD/USD"), "base and quote"),
        (lambda: perpetual("a", "BTC/USD", half_life_s=0), "half_life_s"),
        (lambda: perpetual("a", "BTC/USD", warm_up_s=0), "warm_up_s"),
        (lambda: spot("a", "BTC/USD", depth=0), "depth"),
    ],
)
def test_a_spec_that_makes_no_sense(make, what):
    """The text names the source and the key."""
    with pytest.raises(ConfigError) as caught:
        make()

    assert str(caught.value).startswith("source '")
    assert what in str(caught.value)
