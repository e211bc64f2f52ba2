"""
Pages about clusters: the list, and one cluster with its client configuration.

One file per action. Serves people in browsers; the use cases of `clusters` decide.
"""
