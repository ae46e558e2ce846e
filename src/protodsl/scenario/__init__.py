"""Scenarios: example patients with the expected outcome of each criterion; tests an author writes."""

from protodsl.scenario.model import Expectation, Scenario
from protodsl.scenario.read import scenarios

__all__ = ["Expectation", "Scenario", "scenarios"]
