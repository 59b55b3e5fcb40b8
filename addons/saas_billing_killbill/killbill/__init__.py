"""Kill Bill over HTTP, in plain Python: nothing here imports Odoo."""
