"""
The words of OAuth 2.0 and of Camunda's API clients, in both directions.

Owns token requests, token answers, credentials files, scopes, and the shape of ids and secrets, as pure values that the
server and the client software share. Refuses sockets, clocks, files and any opinion on who may have a token.
"""
