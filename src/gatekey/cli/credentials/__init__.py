"""
`gatekey token`, `exec`, `status`, `logout` and `doctor`: what is done with a credentials file.

Owns their options and words. Refuses to import anything of the server, and to decide: `gatekey.client` does. Serves
`gatekey.cli`.
"""
