"""
What one decision of the limiter costs, and whether it is exact, in one process and shared by two.

Serves whoever changes the limiter or where its state lives. Needs Linux, under a minute and half a gigabyte of memory;
leaves no process and no file. `python benchmarks/limiter/run.py`.
"""
