"""What ./demo is made of: processes, the sidecars beside them, and what is shown."""
