"""What a tenant checks tokens with; by its path: the package around it imports Odoo."""

from importlib.util import module_from_spec, spec_from_file_location

from tenant_server import CHECKOUT

_spec = spec_from_file_location(
    "tokens", CHECKOUT / "addons/saas_tenant/tools/tokens.py"
)
tokens = module_from_spec(_spec)
_spec.loader.exec_module(tokens)
