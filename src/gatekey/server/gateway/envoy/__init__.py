"""
The policy as configuration of an Envoy.

`bootstrap` is the part that never changes while the gateway runs: one listener, one chain of filters, local replies.
All that changes with clusters, keys and clients (`filters`, `routes`, `upstreams`) is delivered apart, so that no
connection is dropped for it; `snapshots` say in which order. `remote` is the bootstrap of gateways on other machines.
"""
