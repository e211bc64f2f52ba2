"""
Who may ask for a token now.

Owns the rate, the burst and the temporary block of every source address, and what counts as one address. Refuses to
know clients, secrets, headers or HTTP; a verdict is a value that the edge turns into an answer. Serves the token
endpoint.
"""
