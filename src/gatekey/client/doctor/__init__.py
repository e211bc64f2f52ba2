"""
Finding out why a credentials file does not work, and saying so in words.

Owns the checks of `gatekey doctor`, their order and the cure for each mistake. `examination` is a pure generator that
yields findings, and probes for what it must know of the world; `probing` performs those. Refuses to ask twice for
anything that the rate limit counts, and to put a secret or a token into any finding.
"""
