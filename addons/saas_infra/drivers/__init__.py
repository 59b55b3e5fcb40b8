"""Drivers: everything that talks to the outside. Plain Python, no Odoo import."""
