"""
Who may ask for a token now.

Owns the rate, the burst and the temporary block of every source address, what counts as one address, and where all
this is remembered: in one process, or in a file that the processes of one host share. Refuses to know clients, secrets,
headers or HTTP; a verdict is a value that the edge turns into an answer. Serves the token endpoint.
"""
