"""
Feeds the gateways: what they are told of clusters, keys and revocations, and when.

The local Envoy and those on other machines learn of the same views.
"""
