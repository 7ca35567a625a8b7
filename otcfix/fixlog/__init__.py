"""FIX logs of any make: framing, names, and what can be told from them. Only reads."""
