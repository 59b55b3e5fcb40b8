"""Lint and tests, on a platform of their own that the set-up makes.

Standard library only, like the set-up. `python3 -m scripts.testing lint|fast|all|slow`.
"""
