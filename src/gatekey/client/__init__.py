"""
Using tokens: settings from a file or the environment, one token request that knows when to stop, a diagnosis.

Owns what a program in front of a token endpoint needs: where its settings come from, how often it may ask, when a token
is fresh, stale or expired. Decisions are pure (`policy`, `acquire`, `answer`, `doctor.examination`); only `transport`,
`cache.disk`, `config.reading` and `doctor.probing` touch the world. Refuses third-party packages: an application must
not drag in a server.
"""
