"""
Every exception that leaves Gatekey.

    GatekeyError
    ├── ConfigurationError     a setting is missing, contradicts another, or cannot be read
    ├── TokenError             no usable token
    │   ├── TokenRefused       the token endpoint said no; asking again cannot help
    │   ├── RateLimited        asked too often; nobody should ask before `retry_after` seconds have passed
    │   ├── TokenUnavailable   the token endpoint could not be reached or was in trouble
    │   └── MalformedResponse  the answer was not a token answer (RFC 6749 section 5)
    ├── CacheError             tokens cannot be kept on disk; the source goes on without and warns once
    └── ServiceError           the service cannot start or cannot do what was asked
        └── StorageUnavailable the database does not answer; our fault, never the caller's

Attributes come first, texts are built from them and end with what to do. No text carries a secret or a token.
"""


class GatekeyError(Exception):
    """The root of the tree; `hint` is what to do about it."""

    code = "gatekey_error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigurationError(GatekeyError):
    """A setting is missing, contradicts another, or cannot be read."""

    code = "configuration"


class TokenError(GatekeyError):
    """
    No usable token; `retryable` says whether asking again later can help.

    `until` is the Unix time in seconds before which nobody asks again, None where nothing was remembered.
    """

    code = "token"
    retryable = False
    until: float | None = None


class TokenRefused(TokenError):
    """The token endpoint refused (RFC 6749 section 5.2): `error`, `description` and `status` are its own words."""

    code = "token_refused"

    def __init__(self, error: str, description: str, status: int, *, hint: str = "") -> None:
        super().__init__(f"The token endpoint refused ({status} {error}): {description}", hint=hint)
        self.error = error
        self.description = description
        self.status = status


class RateLimited(TokenError):
    """The token endpoint limits this address; `retry_after` is in seconds."""

    code = "rate_limited"
    retryable = True

    def __init__(self, retry_after: float, *, hint: str = "") -> None:
        super().__init__(f"The token endpoint asks to wait {retry_after:.0f} s.", hint=hint)
        self.retry_after = retry_after


class TokenUnavailable(TokenError):
    """The token endpoint could not be reached or had trouble of its own, `attempts` times."""

    code = "token_unavailable"
    retryable = True

    def __init__(self, message: str, attempts: int, *, hint: str = "") -> None:
        super().__init__(f"{message} (after {attempts} attempt{'s' if attempts > 1 else ''}).", hint=hint)
        self.attempts = attempts


class MalformedResponse(TokenError):
    """
    An answer that is neither a token nor a refusal; `status` is the HTTP status.

    Never carries the body: it may hold a token.
    """

    code = "malformed_response"

    def __init__(self, message: str, status: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class CacheError(GatekeyError):
    """Tokens cannot be kept on disk; `folder` says where it was tried. Never raised to callers of a token source."""

    code = "cache"

    def __init__(self, message: str, folder: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.folder = folder


class ServiceError(GatekeyError):
    """The service cannot start or cannot do what was asked."""

    code = "service"


class StorageUnavailable(ServiceError):
    """The database does not answer. Edges answer 503, never 401: the caller did nothing wrong."""

    code = "storage_unavailable"
