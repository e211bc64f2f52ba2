"""Another token in place of one that an API refused, or none: then the API's own answer is what the caller gets."""

from gatekey.client.token import AsyncTokenProvider, Token, TokenProvider
from gatekey.errors import TokenError

UNAUTHORIZED = 401
"""RFC 9110 section 15.5.2; 403 says that the token was understood, so another one would not help."""


def replacement(source: TokenProvider, refused: Token) -> Token | None:
    """Return another token than the one that an API refused; None where there is none now."""
    try:
        token = source.token(instead_of=refused)
    except TokenError:
        return None
    return None if token.access_token == refused.access_token else token


async def replacement_async(source: AsyncTokenProvider, refused: Token) -> Token | None:
    """Return another token than the one that an API refused; None where there is none now."""
    try:
        token = await source.token(instead_of=refused)
    except TokenError:
        return None
    return None if token.access_token == refused.access_token else token
