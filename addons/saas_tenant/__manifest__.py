{
    "name": "SaaSOdoo Tenant",
    "summary": "The platform's hand inside a customer's Odoo",
    "version": "19.0.1.0.0",
    "author": "SaaSOdoo",
    "license": "LGPL-3",
    "category": "Hidden",
    "depends": ["base", "web"],
    "external_dependencies": {"python": ["cryptography"]},
    # Loaded server-wide, never installed: what a database does not hold, a customer
    # can neither remove nor change.
    "installable": False,
}
