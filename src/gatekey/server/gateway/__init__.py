"""
The gateway: which API a token opens, as a decision, as Envoy's configuration, and as a running Envoy.

`policy` decides, `envoy` compiles the same rules, `runner` runs Envoy and feeds it. No call passes through Python.
"""
