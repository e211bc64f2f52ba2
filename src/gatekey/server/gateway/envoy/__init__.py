"""
The policy as configuration of an Envoy.

`bootstrap` is the part that never changes while the gateway runs: one listener, one filter chain, how refusals look.
All that changes with clusters, keys and clients (`verification`, `revocations`, `routes`, `upstreams`) is delivered
apart, so that no connection is dropped for it. `snapshots` say in which order; `remote` is the bootstrap of gateways on
other machines.
"""
