"""
API clients, access tokens and a guarded gateway for Camunda 8 / Zeebe.

`gatekey.wire` speaks OAuth 2.0, `gatekey.client` uses tokens, `gatekey.server` issues them and guards the APIs that
take them, `gatekey.cli` is the command line over both.
"""

__version__ = "0.1.0"
