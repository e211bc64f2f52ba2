"""
What one decision of the limiter costs, whether it is exact, in one process and shared by two, and how a storm passes.

Serves whoever changes the limiter or where its state lives. Needs Linux, ten minutes and half a gigabyte of memory;
leaves no process and no file but its page. `python -m benchmarks.limiter`.
"""
