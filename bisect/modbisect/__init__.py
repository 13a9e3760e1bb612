"""Finds the component that makes a site slow, and leaves the host as it was found."""

__version__ = "0.1.0"
