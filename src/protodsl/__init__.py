"""protodsl: clinical trial protocols as code."""

__version__ = "0.1.0"
LANGUAGE_VERSION = "1"
