"""
Whose request it is.

Owns which proxies are trusted to say for whom they ask, how they say it (`X-Forwarded-For`, `Forwarded`, the PROXY
protocol), and how far back a chain of proxies is believed. Refuses to believe anybody else, and to read a socket: it is
given bytes and texts. Serves the edge, which names the caller of every request once.
"""
