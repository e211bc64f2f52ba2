"""
Commands for whoever runs the service: `serve`, `demo-cluster`, `sign-in`, `authority`.

Owns the words at the start of the service. Refuses to run anything itself: `gatekey.server.run` does. Serves
`gatekey.cli`.
"""
