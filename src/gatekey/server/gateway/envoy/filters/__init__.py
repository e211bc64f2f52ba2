"""Envoy's filters as we configure them: who calls (`jwt_authn`), what was revoked (`rbac`), web pages (`cors`)."""
