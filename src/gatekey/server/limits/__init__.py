"""
Who may ask for a token now.

Owns the rate, the burst and the temporary block of every source address, whose address it is (`origin`) and what counts
as one, where all this is remembered (in one process, or in a file that the processes of one host share), and the
exceptions that people make. Refuses to know clients, secrets or bodies; a verdict is a value that the edge turns into
an answer. Serves the token endpoint.
"""
