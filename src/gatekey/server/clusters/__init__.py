"""
Organisations, clusters, their addresses and their secrets.

Owns what a cluster is called, where its upstream is, how clients reach it, and the secrets its connectors read. Refuses
to know tokens, clients or SQL; serves the console, the Secrets API, the gateway's configuration and the command line.
"""
