"""Once an hour: how full places are, what tenants use, and who passed its quota."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)

from .committed import CommittedCase

GB = 1000**3


@tagged("post_install", "-at_install")
class TestMeasurement(CommittedCase):
    def setUp(self):
        super().setUp()
        self.forget_when_over()
        self.tenant = self.make_instance()

    def measure(self):
        with self.open_env() as env:
            env["saas.measurement"]._job_measure()

    def use(self, *, database=0, files=0):
        """Have the tenant use so many bytes."""
        name, directory = self.instance(self.tenant, "database", "directory")
        with self.outside.get_world().change() as state:
            state["databases"][name]["size"] = database
            state["directories"][directory]["used"] = files

    def get_use(self):
        return self.instance(self.tenant, "database_gb", "files_gb", "used_gb")

    def place(self, name, *fields):
        model = {"server": "saas.database.server"}.get(name, f"saas.{name}")
        return self.look_up(model, self.ids[name], *fields)

    # === PLACES === #

    def test_all_places_are_seen(self):
        self.measure()
        for name in ("cluster", "server", "storage"):
            self.assertTrue(self.place(name, "last_seen"), name)
        room = self.place("storage", "total_mb", "free_mb")
        self.assertEqual(room, [1 << 20, 1 << 19])
        [node] = self.place("cluster", "node_ids")
        self.assertEqual(self.look_up("saas.node", node, "load"), 0.5)

    def test_images_that_nothing_refers_to_go_from_a_swarm(self):
        kept, other = ["sha256:sold", "sha256:paused"], self.make_instance()
        with self.open_env() as env:
            version = self.fleet(env, "version")
            version._write_guarded({"image": "sha256:sold"})
            instance = env["saas.instance"].browse(self.tenant)
            instance._write_guarded({"image": "sha256:paused", "status": "paused"})
            purged = env["saas.instance"].browse(other)
            purged._write_guarded({"image": "sha256:purged", "active": False})
            self.fleet(env, "cluster").kind = "swarm"
        with self.outside.get_world().change() as state:
            state["images"] = [*kept, "sha256:purged", "sha256:old"]
        try:
            self.measure()
        finally:
            with self.open_env() as env:
                self.fleet(env, "cluster").kind = "process"
                self.fleet(env, "version")._write_guarded({"image": False})
        self.assertEqual(self.outside.read("images"), kept)

    def test_what_does_not_answer_is_told_and_stops_nothing(self):
        self.use(files=GB)
        with self.open_env() as env:
            self.fleet(env, "server").last_seen = False
        for call in ("process.usage", "postgresql.ping"):
            self.fail_next(call, RetryableInfraError("It does not answer."))
        self.measure()
        self.assertEqual(len(self.mails), 2)
        for subject, text in self.mails:
            self.assertRegex(
                subject, "Measuring the (cluster|database server) .* failed"
            )
            self.assertEqual(text, "It does not answer.")
        self.assertFalse(self.place("server", "last_seen"))
        self.assertEqual(self.get_use(), [0.0, 1.0, 1.0])

        [node] = self.place("cluster", "node_ids")
        self.addCleanup(self.measure)
        for seen, before, after in (
            (False, "ready", "lost"),
            (True, "lost", "ready"),
            (False, "drained", "drained"),
            (True, "drained", "drained"),
            (True, "ready", "ready"),
        ):
            with self.subTest(seen=seen, before=before):
                with self.open_env() as env:
                    env["saas.node"].browse(node).state = before
                with self.outside.get_world().change() as state:
                    state["nodes"] = {"localhost": 0.5} if seen else {}
                self.measure()
                self.assertEqual(self.look_up("saas.node", node, "state"), after)

    def test_a_certificate_that_ends_soon_is_told_once(self):
        now = datetime.now(UTC)
        for days, told in ((60, 0), (10, 1), (10, 1)):
            until = (now + timedelta(days=days, hours=1)).replace(microsecond=0)
            with self.outside.get_world().change() as state:
                state["certified_until"] = until.isoformat()
            self.measure()
            naive = until.replace(tzinfo=None)
            self.assertEqual(self.place("proxy", "certified_until"), naive)
            self.assertEqual(self.place("cluster", "certified_until"), naive)
            self.assertEqual(len(self.mails), told)
        [(subject, text)] = self.mails
        self.assertRegex(subject, "certificate of .* ends soon")
        self.assertIn("ends in 10 days", text)
        self.assertIn("make up", text)

    def test_a_certificate_for_an_engine_that_ends_soon_is_told(self):
        self.addCleanup(self.show_to_engine, False)
        for days, told in ((60, 0), (10, 1)):
            self.show_to_engine(make_certificate(days))
            self.measure()
            self.assertEqual(len(self.mails), told)
        [(subject, text)] = self.mails
        self.assertRegex(subject, "certificate of .* ends soon")
        self.assertIn("ends in 10 days, and the Docker engine", text)

    def show_to_engine(self, certificate):
        with self.open_env() as env:
            cluster = env["saas.cluster"].browse(self.ids["cluster"])
            cluster.engine_certificate = certificate

    def test_a_certificate_that_has_ended_is_told_with_its_cure(self):
        self.fail_next("nginx.certified_until", PermanentInfraError("It has ended."))
        self.measure()
        [(subject, text)] = self.mails
        self.assertRegex(subject, "Measuring the proxy .* failed")
        self.assertEqual(text, "It has ended.")

    def test_each_place_is_asked_once(self):
        self.make_instance()
        before = len(self.calls(""))
        self.measure()
        asked = [call.split()[0] for call in self.calls("")[before:]]
        self.assertEqual(
            sorted(asked),
            [
                "directory.list_directories",
                "directory.room",
                "nginx.certified_until",
                "nginx.check",
                "nginx.list_routes",
                "postgresql.list_databases",
                "postgresql.ping",
                "process.list_nodes",
                "process.list_services",
                "process.usage",
            ],
        )

    def test_nothing_is_asked_while_frozen_or_of_what_is_closed(self):
        with self.open_env() as env:
            env["saas.operation"]._freeze("Drill.")
        calls = len(self.calls(""))
        self.measure()
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()
            self.fleet(env, "server").state = "closed"
            self.fleet(env, "proxy").state = "closed"
            self.fleet(env, "storage")._write_guarded({"is_marked": False})
        self.addCleanup(self.restore_places)
        self.assertEqual(len(self.calls("")), calls)
        self.measure()
        self.assertFalse([c for c in self.calls("")[calls:] if "process" not in c])

    def restore_places(self):
        with self.open_env() as env:
            self.fleet(env, "server").state = "open"
            self.fleet(env, "proxy").state = "open"
            self.fleet(env, "storage")._write_guarded({"is_marked": True})

    # === TENANTS === #

    def test_a_tenant_uses_database_and_files(self):
        self.use(database=1_500_400_000, files=250_000_000)
        self.measure()
        self.assertEqual(self.get_use(), [1.5, 0.25, 1.75])

    def test_only_what_changed_is_written(self):
        self.use(database=GB, files=GB)
        self.measure()
        before = self.instance(self.tenant, "write_date")
        self.measure()
        self.assertEqual(self.instance(self.tenant, "write_date"), before)

    def test_who_is_being_changed_is_measured_the_next_time(self):
        self.use(files=GB)
        restart = self.ask(self.tenant, "restart")
        self.measure()
        self.assertEqual(self.get_use()[1], 0.0)
        self.work(restart)
        self.measure()
        self.assertEqual(self.get_use()[1], 1.0)

    def test_it_rings_once_when_a_tenant_passes_its_quota(self):
        quota = self.instance(self.tenant, "storage_gb") * GB
        self.use(database=GB, files=quota - GB)
        self.measure()
        self.assertFalse(self.mails)
        for more in (10**8, 2 * 10**8):
            self.use(database=GB + more, files=quota - GB)
            self.measure()
        [(subject, text)] = self.mails
        name = self.instance(self.tenant, "subdomain")
        self.assertEqual(subject, f"{name} passed its quota")
        self.assertIn("It uses 10.1 GB, its plan has 10 GB", text)
        self.assertTrue(self.instance(self.tenant, "is_over_quota"))

    # === THE JOB === #

    def test_the_scheduled_action_queues_one_job_that_may_run(self):
        with self.open_env() as env:
            jobs = env["queue.job"]
            mine = [("model_name", "=", "saas.measurement")]
            before = jobs.search(mine)
            for _ in range(2):
                env["saas.measurement"].with_context(a=1)._cron_measure()
            job = jobs.search(mine) - before
            self.assertEqual((len(job), job.channel), (1, "root.maintenance"))
            self.assertTrue(job._is_allowed())


def make_certificate(days):
    """Return a certificate (PEM) that ends in some days and an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(tzinfo=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=days, hours=1),
    ).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()
