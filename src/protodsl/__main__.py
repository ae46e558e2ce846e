"""`python -m protodsl`."""

from protodsl.cli.main import main

main()
