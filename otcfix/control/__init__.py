"""The control API of a running desk: its server, and the client that the command line uses."""
