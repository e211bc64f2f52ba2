"""
What is counted rather than decided: requests by minute and the last use of credentials.

Written in batches beside the answers, never in their way. Serves `traffic` and the pages that explain.
"""
