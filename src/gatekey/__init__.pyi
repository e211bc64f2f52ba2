# The public names, for type checkers; `__init__.py` imports each when it is first used.

from gatekey.client.aio import AsyncTokenSource as AsyncTokenSource
from gatekey.client.cache.disk import DiskCache as DiskCache
from gatekey.client.cache.memory import MemoryCache as MemoryCache
from gatekey.client.source import TokenSource as TokenSource
from gatekey.client.token import AsyncTokenProvider as AsyncTokenProvider
from gatekey.client.token import Token as Token
from gatekey.client.token import TokenProvider as TokenProvider
from gatekey.client.transport import UrllibTransport as UrllibTransport
from gatekey.errors import CacheError as CacheError
from gatekey.errors import ConfigurationError as ConfigurationError
from gatekey.errors import GatekeyError as GatekeyError
from gatekey.errors import MalformedResponse as MalformedResponse
from gatekey.errors import RateLimited as RateLimited
from gatekey.errors import TokenError as TokenError
from gatekey.errors import TokenRefused as TokenRefused
from gatekey.errors import TokenUnavailable as TokenUnavailable
from gatekey.oauth.secret_text import SecretText as SecretText
from gatekey.oauth.vocabulary import Scope as Scope

__version__: str
__all__ = [
    "AsyncTokenProvider",
    "AsyncTokenSource",
    "CacheError",
    "ConfigurationError",
    "DiskCache",
    "GatekeyError",
    "MalformedResponse",
    "MemoryCache",
    "RateLimited",
    "Scope",
    "SecretText",
    "Token",
    "TokenError",
    "TokenProvider",
    "TokenRefused",
    "TokenSource",
    "TokenUnavailable",
    "UrllibTransport",
]
