"""Lambert's W, the inverse of w e^w, in Decimal.

R12: only Decimal's own exp and ln, which are correctly rounded, in one fixed context: the same
digits on any machine.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)

ONE = Decimal(1)
TWO = Decimal(2)
_TWO_THIRDS = CONTEXT.divide(TWO, Decimal(3))
_TINY = Decimal(-64)
"""Below this exponent w and e^z agree to 28 digits."""
_LOWEST = Decimal(-100_000)
_CLOSE = Decimal("1E-8")
"""A correction this small leaves an error of its fourth power, beyond the last digit."""
_ROUNDS_MAX = 12


def w_of_exp(z: Decimal) -> Decimal:
    """W(e^z), the w with w + ln w = z, for any finite z: e^z itself may be far too large.

    Fritsch, Shafer and Crowley (1973): each round takes the error to its fourth power.
    """
    if z < _TINY:
        return max(z, _LOWEST).exp(CONTEXT)
    w = _guess(z)
    for _ in range(_ROUNDS_MAX):
        miss = z - w.ln(CONTEXT) - w
        above = ONE + w
        q = TWO * above * (above + _TWO_THIRDS * miss)
        step = miss / above * ((q - miss) / (q - TWO * miss))
        w += w * step
        if -_CLOSE < step < _CLOSE:
            break
    return w


def _guess(z: Decimal) -> Decimal:
    """Near enough to w to converge from: e^z at the left, z - ln z at the right."""
    if z <= -2:
        x = z.exp(CONTEXT)
        return x / (ONE + x)
    if z >= 3:
        return z - z.ln(CONTEXT)
    # w(1) is 1 and its slope there is a half; a parabola through it is near enough between.
    off = z - ONE
    return ONE + off / 2 + off * off / 16


def lambert_w0(x: Decimal) -> Decimal:
    """The principal branch for x >= 0. Errors: ValueError below zero, which no price needs."""
    if x < 0:
        raise ValueError(f"W0 is not taken of {x}")
    return w_of_exp(x.ln(CONTEXT)) if x else x
