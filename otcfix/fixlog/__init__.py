"""FIX logs of any make: framing, names, and what can be told from them.

Reads; never writes to a desk. `reader.read` is where one begins.
"""
