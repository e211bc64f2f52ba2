"""
Calls per core through the gateway, beside a plain Envoy of the same binary and other proxies that check tokens.

Owns the gateways that are measured, the load and the goals. Serves whoever changes what `guarding` compiles. Needs
Linux, two cores, h2load and nghttpd (nghttp2), nginx and HAProxy; leaves no process and no file but its page.
"""
