"""Catalogue entries by subject: 01 reading and syntax, 02 names, 03 and 04 sense, 05 criteria, 06 sources."""
