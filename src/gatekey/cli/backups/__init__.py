"""`gatekey backup` and `gatekey restore`: an installation in one file, and back."""
