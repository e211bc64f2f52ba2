"""
What is done again and again beside the answers: recording, pruning, rotating.

A chore that fails is told and tried again; no request waits for one.
"""
