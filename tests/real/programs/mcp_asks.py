"""
What a user of the MCP SDK writes, who knows the server's URL and the client's id and secret: the extension finds the
rest. Calls a tool and prints its answer and the steps in which it came.
"""

import asyncio
import json
import os
import sys
from typing import Literal, cast

import httpx2
from mcp import ClientSession
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

Method = Literal["client_secret_basic", "client_secret_post"]


class Memory:
    """
    Where the SDK keeps its token.
    """

    token: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.token

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.token = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None: ...


async def main(method: Method) -> None:
    url, issuer = os.environ["MCP_URL"], os.environ["MCP_ISSUER"]
    client_id, client_secret = os.environ["CAMUNDA_CLIENT_ID"], os.environ["CAMUNDA_CLIENT_SECRET"]
    auth = ClientCredentialsOAuthProvider(url, Memory(), client_id, client_secret, method, issuer=issuer)
    steps: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK's names
        steps.append(progress)

    async with (
        httpx2.AsyncClient(auth=auth) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(*streams) as session,
    ):
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        result = await session.call_tool("topology", progress_callback=note)
    print(json.dumps({"tools": tools, "said": getattr(result.content[0], "text", ""), "steps": steps}))  # noqa: T201 - its output


asyncio.run(main(cast("Method", sys.argv[1])))
