"""
`gatekey keys` and `gatekey tokens`: the keys that sign access tokens, and ending tokens before their time.

Owns how keys and revocations are shown on a terminal. Refuses to decide anything: `gatekey.server.signing_keys` and
`gatekey.server.tokens` do. Serves `gatekey.cli`.
"""
