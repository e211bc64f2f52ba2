"""
Tokens in the HTTP and gRPC libraries that applications have already; each module needs its library, and says so.

Owns how a token gets onto a call, and the one rule after it: an API that answers 401 or UNAUTHENTICATED gets the call
once more with another token, if there may be another; after 403 never. Refuses to send a token where the application
did not send its call: redirects to other hosts go without.
"""
