"""Killing the real desk at random instants, with real clients on real sockets."""
