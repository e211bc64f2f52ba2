"""
The HTTP edge: token endpoint, discovery, Secrets API, health and the console.

Owns bytes in and bytes out: methods, headers, bodies, status codes. Refuses decisions; the contexts take them. Serves
clients, Camunda servers that trust our tokens, connectors, and people with a browser.
"""
