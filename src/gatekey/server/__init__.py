"""
The service: issues tokens, limits requests, keeps clients and clusters, guards APIs.

Contexts (issuing, limiting, clients, clusters, people, guarding, auditing) decide and know nothing of each other; edges
(storage, web, dataplane, observing) touch the world and know nothing of each other; `app` alone knows every part.
"""
