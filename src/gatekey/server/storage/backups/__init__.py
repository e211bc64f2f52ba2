"""
Backups: one file that holds an installation, and bringing it back into a new folder.

Owns the form of the file, what in it is sealed under what, and what must not come back to life. Refuses to write over
anything. Serves the command line.
"""
