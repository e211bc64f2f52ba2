"""
The keys that sign tokens, and when each is published, signs and retires.

Owns their algorithms, making and rotation. Refuses to know what is signed and where keys are kept. Serves `tokens`
and the stores.
"""
