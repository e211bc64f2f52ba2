"""
The master key, and sealing under it what must not lie in clear.

Refuses to know what is sealed. Serves the stores and whatever opens the data folder.
"""
