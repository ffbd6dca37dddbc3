"""What the runner's commands do: one module a capability, imports run one way only."""

__version__ = "0.1.0"
