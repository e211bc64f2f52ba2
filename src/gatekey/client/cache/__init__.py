"""
Where tokens, refusals and pauses are kept, and who may renew.

Owns one port, `Cache`, and two adapters: the memory of this process, and a folder that all processes of a user share.
Refuses to fail: a folder that cannot be written costs sharing, never a token. Serves token sources, `gatekey status`
and `gatekey logout`.
"""
