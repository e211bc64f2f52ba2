"""Exit codes, all in one place; `docs/reference/cli.md` lists them."""

from enum import IntEnum

from gatekey.errors import (
    ConfigurationError,
    GatekeyError,
    MalformedResponse,
    RateLimited,
    ServiceError,
    TokenError,
    TokenRefused,
)


class Exit(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    FAILED = 1
    """It was refused, a check found something wrong, or the output cannot be written."""
    USAGE = 2
    """The options make no sense (click's own code)."""
    CONFIGURATION = 3
    """A setting or a credentials file is missing or wrong."""
    TOKEN_REFUSED = 4
    """The token endpoint said no; trying again cannot help."""
    TRY_LATER = 5
    """The token endpoint limits this address or is in trouble; trying again later can help."""
    SERVICE = 6
    """The service cannot start, or its data cannot be opened."""
    INTERRUPTED = 130
    """Ctrl-C, by the convention of shells."""

    @classmethod
    def of(cls, error: GatekeyError) -> "Exit":
        """Return the exit code of an error."""
        match error:
            case ConfigurationError():
                return cls.CONFIGURATION
            case MalformedResponse():
                return cls.CONFIGURATION  # whatever answered is no token endpoint: the URL is wrong
            case TokenRefused():
                return cls.TOKEN_REFUSED
            case RateLimited() | TokenError():
                return cls.TRY_LATER
            case ServiceError():
                return cls.SERVICE
            case _:
                return cls.FAILED
