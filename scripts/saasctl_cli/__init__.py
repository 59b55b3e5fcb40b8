"""The operators' command line: a client of the master's `saas.api` over JSON-2."""
