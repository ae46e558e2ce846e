"""Reading: text → syntax tree (lark's own `Tree` and `Token`, with positions) and diagnostics."""

from protodsl.syntax.parser import Parsed, parse, parse_with_gaps

__all__ = ["Parsed", "parse", "parse_with_gaps"]
