"""
The revisions.
"""
