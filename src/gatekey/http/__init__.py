"""
What every HTTP edge of ours needs: bounded bodies, JSON answers, problem details, applications loaded on first use.

Knows no product: no client, no cluster, no token. Serves the token service and its APIs.
"""
