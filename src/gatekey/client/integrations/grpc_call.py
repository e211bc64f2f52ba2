"""One call by grpcio whose messages have no fields that matter; for `gatekey doctor`."""

from pathlib import Path

import grpc

from gatekey.oauth.secret_text import SecretText


def call_once(
    target: str, method: str, token: SecretText, credentials: grpc.ChannelCredentials | None, timeout: float
) -> tuple[str, str]:
    """Return the name of the status with which the call ended, and the server's words."""
    channel = grpc.secure_channel(target, credentials) if credentials else grpc.insecure_channel(target)
    with channel:
        call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
        try:
            call(b"", timeout, (("authorization", f"Bearer {token.reveal()}"),))
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
    return "OK", ""


def tls(authorities: str | None) -> grpc.ChannelCredentials:
    """Return TLS that trusts the authorities in a file, or those of grpcio where none is named. Raises `OSError`."""
    return grpc.ssl_channel_credentials(Path(authorities).read_bytes() if authorities else None)
