"""The generators of random protocols and records stand one folder higher."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
