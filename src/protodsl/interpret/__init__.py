"""The reference evaluator: the meaning of the language in the plainest code, the oracle of every backend.

One small function says each sentence of docs/reference/meaning.md, which it quotes. Clarity comes before
speed everywhere: nothing is cached, nothing is cut short. Generated checkers are held against it by the
differential tests.
"""

from protodsl.interpret.screening import EndpointResult, endpoints, screen, truth_of
from protodsl.interpret.truth import Finding

__all__ = ["EndpointResult", "Finding", "endpoints", "screen", "truth_of"]
