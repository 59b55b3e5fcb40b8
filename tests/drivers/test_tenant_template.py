"""`launcher.py init`: the database that tenants are cloned from."""

import pytest
from psycopg2 import sql
from tenant_fixtures import LANGUAGES, MODULES


@pytest.fixture
def template(tenant_template, real_postgresql):
    """The template, open to connections for a while."""

    def allow(yes):
        name = sql.Identifier(tenant_template.spec.database.name)
        with real_postgresql.connect() as cursor:
            cursor.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                    name, sql.Literal(yes)
                )
            )

    allow(True)
    yield tenant_template
    allow(False)


def test_a_template_holds_modules_languages_and_the_bundles_people_need(
    template, real_postgresql
):
    def query(statement):
        rows = real_postgresql.query(statement, database=template.spec.database.name)
        return {row[0] for row in rows}

    assert {"web", "mail"} <= query(
        "SELECT name FROM ir_module_module WHERE state = 'installed'"
    )
    assert query("SELECT code FROM res_lang WHERE active") == {"en_US", "fr_FR"}
    bundles = query("SELECT name FROM ir_attachment WHERE url ~ '^/web/assets/'")
    for part in ("web.min.js", "web.min.css", "frontend.min.css"):
        assert f"web.assets_{part}" in bundles
    for part in ("frontend_minimal", "frontend_lazy"):
        assert f"web.assets_{part}.min.js" in bundles
    assert not [name for name in bundles if "test" in name]
    assert query("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'") == {
        template.spec.database.role
    }
    assert " ERROR " not in template.log
    assert " WARNING " not in template.log.partition("is ready to be cloned")[0]


def test_a_template_can_be_prepared_again(template):
    began = len(template.log)
    arguments = ("init", "--modules", MODULES, "--languages", LANGUAGES)
    assert template.launch(*arguments).wait(120) == 0
    assert "Generating a new asset bundle" not in template.log[began:]


def test_a_template_that_cannot_be_made_ends_with_1_and_the_reason(template):
    process = template.launch("init", "--modules", "web,no_such_module")
    assert process.wait(120) == 1
    assert "Not installed: no_such_module" in template.log
