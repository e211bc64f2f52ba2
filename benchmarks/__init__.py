"""
How fast Gatekey is, measured against a limit or a peer in the same run.

Each folder is one benchmark and runs with `scripts/bench FOLDER`. Owns numbers and their page in docs/reference;
asserts nothing: the tests say what is right, this says what it costs.
"""
