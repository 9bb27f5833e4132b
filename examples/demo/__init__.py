"""What the demos of examples/ share: processes, the sidecars beside them, what they all stand on, and how things are shown."""
