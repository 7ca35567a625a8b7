"""The control API of a running desk: HTTP/1.1 with JSON over a Unix socket.

    GET  /health
    GET  /sessions              every session
    GET  /sessions/KEY          one, with its rates of messages
    POST /sessions/KEY/acts     {"act": "hold", "by": "carol", "why": "...", ...}

`server` answers, `desk` knows, `client` asks: the command line does, and so may any program
(`curl --unix-socket state/fix/control.sock http://desk/sessions`).
"""
