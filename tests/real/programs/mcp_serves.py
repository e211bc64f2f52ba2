"""
An MCP server where a cluster of Camunda 8.9 has its own: `/mcp/cluster`, streamable HTTP. Serves the port it is given.
"""

import asyncio
import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("cluster")


@server.tool()
async def topology(ctx: Context) -> str:
    """
    Says in steps, and so as a stream, what there is.
    """
    for step in range(1, 4):
        await ctx.report_progress(step, 3)
        await asyncio.sleep(0.2)
    return "one broker"


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), streamable_http_path="/mcp/cluster")
