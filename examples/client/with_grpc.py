"""
Call Zeebe by grpcio: `python with_grpc.py my-app.env localhost:26600`.

The call is made with raw bytes, an empty request and an answer of some length; your generated stubs take the same
channel.
"""

import sys

import grpc

from gatekey import TokenSource
from gatekey.client.integrations.grpc import TokenInterceptor

file, address = sys.argv[1:]
with grpc.insecure_channel(address) as plain:
    channel = grpc.intercept_channel(plain, TokenInterceptor(TokenSource(file)))
    answer = channel.unary_unary("/gateway_protocol.Gateway/Topology")(b"", timeout=10)
print("OK", len(answer), "bytes")
