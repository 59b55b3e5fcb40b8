{
    "name": "SaaSOdoo Billing by Kill Bill",
    "summary": "Plans are published to Kill Bill, which says what customers owe",
    "version": "19.0.1.0.0",
    "author": "SaaSOdoo",
    "website": "https://github.com/saasodoo/saasodoo",
    "license": "LGPL-3",
    "category": "Services/SaaS",
    "depends": ["saas_master"],
    "external_dependencies": {"python": ["requests"]},
    "data": [
        "security/ir.model.access.csv",
        "wizards/saas_killbill_publish_views.xml",
        "views/saas_killbill_server_views.xml",
    ],
    "installable": True,
    "application": False,
}
