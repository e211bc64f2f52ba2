"""
Pages about API clients: list, create, show, update, delete, their secrets and credentials files.

One file per action. Serves people in browsers; the use cases of `clients` decide.
"""
