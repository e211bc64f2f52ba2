"""
Signing in by a one-time link, and signing out.

Refuses to know how a session is kept: `accounts` does. Serves people in browsers.
"""
