"""
The protocols that a demo cluster speaks, each a translation of requests into commands of the engine.

Zeebe's gRPC protocol, the Orchestration Cluster REST API (v2), and what came before it: Operate, Tasklist and Optimize.
"""
