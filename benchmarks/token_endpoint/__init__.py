"""
Tokens per second of one core, beside that core's signing limit and beside other token services.

Owns the rows that are measured (`rows`), the goals they are held to (`goals`), the servers and the load. Serves whoever
changes the token path or chooses a signing algorithm. Needs Linux, two cores, h2load; leaves no process and no file but
its page.
"""
