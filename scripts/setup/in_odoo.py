# Run by `odoo shell` as `jobs`, which defines `env`; the set-up defines the other two.
# ruff: noqa: F821
params = env["ir.config_parameter"]
params.set_param("web.base.url", facts["master_url"])
params.set_param("web.base.url.freeze", "True")
if admin_password:
    env.ref("base.user_admin").password = admin_password
if "saas.cluster" in env:
    env["saas.cluster"]._setup_embedded(facts)
if "killbill" in facts:
    env["saas.killbill.server"]._setup_embedded(facts["killbill"])
env.cr.commit()
