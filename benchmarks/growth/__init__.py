"""
What an answer costs when there is much of everything: clients, secrets, revocations, clusters.
"""
