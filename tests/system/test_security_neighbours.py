"""A tenant's user is hostile: what belongs to others stays theirs."""

import os
import stat
from pathlib import Path

import pytest
import requests
from listening import listening
from strangers import Tenant, helper, mark_of, processes_of, run

# What every user of the machine may read below the run folder.
PUBLIC = ("code/", "keys/seal.pub", "keys/sign.pub", "nginx/notice/")
# Servers' settings without a secret, and files that hold a process id.
HARMLESS = {
    "etc/nginx.conf",
    "etc/nginx-check.conf",
    "etc/nginx-listen.conf",
    "etc/nginx-servers.conf",
    "etc/nginx-tenants.conf",
    "etc/pg_hba.conf",
    "etc/postgresql.conf",
    "etc/room",
    "storage/.saasodoo-fence",
    "storage/.saasodoo-storage",
}


@pytest.fixture(scope="module")
def neighbours(platform):
    """Two tenants, strangers to each other."""
    created = [platform.create() for _ in range(2)]
    yield [Tenant(platform, one) for one in created]
    for one in created:
        platform.remove(one["subdomain"])


def files_below(folder):
    """Return all files, folders and sockets below a folder, as root sees them."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(parent, name)


def reachable(tenant, paths, test):
    """Return the paths for which a test of the shell holds for the tenant's user."""
    script = f'while IFS= read -r p; do test {test} "$p" && echo "$p"; done; true'
    done = tenant.run("sh", "-c", script, stdin="\n".join(map(str, paths)))
    assert done.returncode == 0, done.stderr
    return {Path(line) for line in done.stdout.splitlines()}


def test_a_tenant_reads_nothing_below_the_run_folder_but_its_own(platform, neighbours):
    tenant = neighbours[0]
    paths = [
        path
        for path in files_below(platform.run_dir)
        if not path.is_dir()
        and not str(path.relative_to(platform.run_dir)).startswith("postgresql/data")
    ]
    own = (str(tenant.directory), str(tenant.log))
    lock = platform.run_dir / f"data-plane/locks/{tenant.service}.lock"
    readable = {
        str(path.relative_to(platform.run_dir))
        for path in reachable(tenant, paths, "-r")
        if not str(path).startswith(own) and path != lock
    }
    assert {path for path in readable if not path.startswith(PUBLIC)} <= HARMLESS
    assert str(tenant.conf) in map(str, reachable(tenant, paths, "-r"))


def test_a_tenant_writes_only_below_its_own_folders(platform, neighbours):
    tenant = neighbours[0]
    folders = ("addons", "filestore", "sessions", "tmp")
    own = (*(f"{tenant.directory}/{name}" for name in folders), str(tenant.log))
    code = platform.run_dir / "code"
    roots = [platform.run_dir, *((code / name).resolve() for name in ("venv", "odoo"))]
    paths = [path for root in roots for path in files_below(root)]
    # In a sticky folder, such as /tmp, nobody renames what is another's.
    parents = platform.run_dir.parents
    paths += [path for path in parents if not path.stat().st_mode & stat.S_ISVTX]
    writable = {
        str(path)
        for path in reachable(tenant, paths, "-w")
        # A link has every right; what it leads to is in the list itself.
        if not path.is_symlink() and not str(path).startswith(own)
    }
    # Spent tokens of one-time logins lie beside, made by the tenant itself.
    assert [path for path in writable if "saas_tokens" not in path] == []


def test_a_tenant_lists_no_folder_of_others(platform, neighbours):
    tenant, other = neighbours
    folders = [path for path in files_below(platform.run_dir) if path.is_dir()]
    listable = reachable(tenant, [platform.run_dir, *folders], "-r")
    closed = ("storage", "etc", "keys", "data-plane", "control-plane", "log", "master")
    for path in listable - {platform.run_dir}:
        top = path.relative_to(platform.run_dir).parts[0]
        assert top not in closed or path.is_relative_to(tenant.directory), path
    for path in (other.directory, other.conf, other.log):
        assert not reachable(tenant, [path], "-r")
    assert not reachable(tenant, [other.directory], "-x")


def test_a_tenant_reaches_no_socket_of_ours(platform, neighbours):
    tenant = neighbours[0]
    sockets = [
        path
        for path in files_below(platform.run_dir)
        if stat.S_ISSOCK(path.lstat().st_mode)
    ]
    assert len(sockets) >= 3  # two supervisors, PostgreSQL
    connect = "import socket,sys;socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for path in sockets:
        done = tenant.run("/usr/bin/python3", "-c", connect, path)
        assert "PermissionError" in done.stderr, path


def test_a_tenant_signals_and_traces_nobody_else(platform, neighbours):
    tenant, other = neighbours
    paths = [f"{part}/supervisord.pid" for part in ("data-plane", "control-plane")]
    theirs = {int((platform.run_dir / path).read_text()) for path in paths}
    for user in ("saas-web", "saas-jobs", "saas-proxy", "postgres"):
        theirs.update(processes_of(int(run("id", "-u", user).stdout)))
    theirs.update(other.pids())
    assert len(theirs) > 6
    for pid in theirs:
        assert tenant.run("kill", "-0", pid).returncode, pid
        for name in ("environ", "mem", "maps", "cwd/", "root/etc", "fd/0"):
            assert not reachable(tenant, [f"/proc/{pid}/{name}"], "-r"), (pid, name)
    own = tenant.pids()
    assert tenant.run("kill", "-0", own[0]).returncode == 0  # the trial itself works


def test_a_tenant_gains_no_power(platform, neighbours):
    tenant = neighbours[0]
    program = platform.run_dir / "code/bin/root-helper"
    for command in (("sudo", "-n", program), ("sudo", "-n", "id"), ("su", "-c", "id")):
        assert tenant.run(*command, stdin="").returncode
    refused = tenant.run(
        program, stdin='{"verb": "usage", "arguments": {}, "seconds": 9}'
    )
    assert "must run as root" in refused.stdout
    # What its Odoo runs with is what the trial runs with.
    fields = dict(
        line.split(":\t")
        for line in Path(f"/proc/{tenant.pids()[0]}/status").read_text().splitlines()
    )
    assert fields["NoNewPrivs"] == "1"
    assert {fields[name].strip("0") for name in ("CapEff", "CapPrm", "CapBnd")} == {""}
    assert fields["Groups"].strip() == ""
    assert set(fields["Uid"].split()) == {str(tenant.uid)}


def test_no_command_line_has_a_secret(platform, neighbours):
    secrets = {one.secret for one in neighbours}
    secrets |= {one.role.password for one in neighbours}
    for line in (platform.run_dir / "etc/pgpass").read_text().splitlines():
        secrets.add(line.rpartition(":")[2])
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        assert not any(secret in words for secret in secrets), folder


@pytest.mark.parametrize("header", [{}, {"X-SaaSOdoo-Secret": "x" * 43}])
@pytest.mark.parametrize("path", ["/web/login", "/websocket", "/web/static/img/a.png"])
def test_a_neighbour_does_not_come_in_at_the_side(neighbours, path, header):
    other = neighbours[1]
    answer = requests.get(
        f"http://127.0.0.1:{other.port}{path}", headers=header, timeout=30
    )
    assert answer.status_code == 403


def test_a_visitor_cannot_bring_the_secret_along(neighbours, visitor):
    other = neighbours[1]
    answer = visitor.get(
        f"{other.instance['url']}/web/login", headers={"X-SaaSOdoo-Secret": "guess"}
    )
    assert answer.status_code == 200  # the proxy's own replaced it


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_who_takes_a_neighbours_port_is_not_listened_to(
    platform, neighbours, visitor, address
):
    tenant, other = neighbours
    name = other.instance["subdomain"]
    platform.saasctl("instance", "stop", name, "--wait")
    taken = listening(tenant.uid, other.port, address)
    with taken, pytest.raises(requests.ConnectTimeout):
        requests.get(f"http://127.0.0.1:{other.port}/web/login", timeout=1)
    platform.saasctl("instance", "start", name, "--wait")
    assert visitor.get(f"{other.instance['url']}/web/login").status_code == 200


LINKS = ("/etc/shadow", "/etc/passwd", "/etc", "/")


def plant_links(tenant, victim):
    """Have links lie wherever the tenant can make one."""
    targets = [*LINKS, victim.directory, victim.conf, victim.log]
    script = ""
    for folder in ("filestore", "sessions", "addons", f"filestore/{tenant.database}"):
        for number, target in enumerate(targets):
            script += f"ln -sfn '{target}' '{tenant.directory}/{folder}/l{number}'\n"
    done = tenant.run("sh", "-e", stdin=script)
    assert done.returncode == 0, done.stderr
    return len(targets)


def directory_copy(platform, source, target):
    """Copy a filestore with the helper, as a clone of a template does."""

    def named(tenant):
        return {
            "name": tenant.directory.name,
            "mark": mark_of(platform, tenant),
            "database": tenant.database,
        }

    return helper(
        platform,
        "directory_copy",
        root=str(platform.run_dir / "storage"),
        source=named(source),
        target=named(target),
    )


def test_links_lead_nowhere_when_files_are_copied(platform, neighbours):
    tenant, other = neighbours
    plant_links(tenant, other)
    tenant.run("ln", "/etc/passwd", f"{tenant.directory}/filestore/hard")
    answer = directory_copy(platform, tenant, other)
    assert answer["ok"], answer
    copied = other.directory / "filestore" / other.database
    for path in files_below(copied):
        state = path.lstat()
        assert state.st_uid == other.uid
        if path.name.startswith("l") and path.name[1:].isdigit():
            assert stat.S_ISLNK(state.st_mode)  # as the link that it was
    shadow = Path("/etc/shadow").read_text()
    for path in files_below(copied):
        if path.is_file() and not path.is_symlink():
            assert shadow[:40] not in path.read_text(errors="replace")


def test_a_filestore_that_is_a_link_is_read_with_the_tenants_own_rights(
    platform, neighbours
):
    tenant, other = neighbours
    store = f"{tenant.directory}/filestore/{tenant.database}"
    secret = other.directory / "filestore" / other.database / "secret"
    secret.write_text("of the other")
    os.chown(secret, other.uid, other.uid)
    tenant.run("mv", store, f"{store}.away")
    try:
        tenant.run("ln", "-s", secret.parent, store)
        answer = directory_copy(platform, tenant, other)
        assert not answer["ok"]
        assert "Permission denied" in answer["message"]
        # Into a link: the writer is the tenant as well.
        before = sorted(secret.parent.iterdir())
        assert not directory_copy(platform, other, tenant)["ok"]
        assert sorted(secret.parent.iterdir()) == before
    finally:
        tenant.run("rm", store)
        tenant.run("mv", f"{store}.away", store)


def test_links_are_not_measured_and_not_followed_to_their_end(platform, neighbours):
    tenant, other = neighbours
    plant_links(tenant, other)
    root = str(platform.run_dir / "storage")
    listed = helper(platform, "directory_list", root=root, measure=True)
    used = listed["directories"][tenant.directory.name]["used"]
    assert used < 500 * 1024**2  # the link to / would be all that the machine has


def test_a_log_is_no_door(platform, neighbours):
    tenant, other = neighbours
    done = tenant.run("ln", "-sfn", "/etc/shadow", tenant.log)
    assert done.returncode
    done = tenant.run("mv", tenant.log, f"{tenant.log}.old")
    assert done.returncode
    for name in (f"../../etc/{tenant.service}", "../jobs", "postgresql", "/etc/shadow"):
        answer = helper(
            platform, "log_tail", name=name, mark=mark_of(platform, tenant), lines=5
        )
        assert not answer["ok"]
    theirs = helper(
        platform,
        "log_tail",
        name=other.service,
        mark=mark_of(platform, tenant),
        lines=5,
    )
    assert theirs["error"] == "NotOurs"


def test_links_lead_nowhere_when_all_is_removed(platform, neighbours):
    _, other = neighbours
    created = platform.create()
    tenant = Tenant(platform, created)
    plant_links(tenant, other)
    before = sorted(files_below(other.directory / "filestore"))
    passwd = os.stat("/etc/passwd").st_ino
    platform.remove(created["subdomain"])
    assert not tenant.directory.exists()
    assert sorted(files_below(other.directory / "filestore")) == before
    assert os.stat("/etc/passwd").st_ino == passwd
