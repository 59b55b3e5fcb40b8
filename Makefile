# SaaSOdoo: from an empty Debian 12 machine to a running platform. `make help` explains.
.DEFAULT_GOAL := help
.PHONY: help up down down-master reset doctor rotate-key export-keys add-storage storage-host change-place new-epoch scan lint test test-fast test-all test-killbill bench

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@sed -n 's/^#: \{0,1\}/  /p' Makefile

up: ## Install what is missing, start everything, provision a first instance
	@scripts/up up

down: ## Stop everything, tenants too
	@scripts/up down

down-master: ## Stop the master alone; tenants go on serving
	@scripts/up down-master

reset: ## Remove the platform with all its data (asks first; YES=1 does not)
	@scripts/up reset

doctor: ## Check every part and say how to mend what is broken
	@scripts/up doctor

rotate-key: ## Seal all secrets with a new key; killed, it goes on when run again
	@scripts/up rotate-key

export-keys: ## Write all keys into a new FILE, for a safe place outside
	@scripts/up export-keys "$(FILE)"

add-storage: ## Let tenants' files lie in one more directory, ROOT (KIND=cephfs: on CephFS)
	@scripts/up add-storage "$(ROOT)" "$(KIND)"

storage-host: ## On a machine with a storage ROOT alone: let a master work on it over SSH
	@scripts/up storage-host "$(ROOT)" "$(PLATFORM)" "$(UIDS)" "$(KEY)"

change-place: ## Have PLACE=cluster/NAME (storage, server, relay) reached elsewhere: CHANGE="field=value"
	@scripts/up change-place "$(PLACE)" $(CHANGE)

new-epoch: ## After a restored dump: this master is the one that counts from now on
	@scripts/up new-epoch

scan: ## On a swarm: what is in each image, as SPDX and as a list, in RUN_DIR/sbom
	@scripts/up scan

lint: ## Style, Odoo's rules, shell, XML, YAML
	@scripts/test lint

test: ## What CI runs: drivers, add-ons, journeys on a platform of their own
	@scripts/test all

test-fast: ## Below 3 minutes: what needs no server but PostgreSQL, without the longest cases
	@scripts/test fast

test-all: ## The slow cases too (Docker, Traefik: needs a Traefik or a Go, see README)
	@scripts/test slow

test-killbill: ## Billing against a real Kill Bill
	@scripts/test killbill

bench: ## Measure both runtimes (or RUNTIME=swarm), as JSON and as the README's tables
	@scripts/test bench

#:
#: Variables (make up RUN_DIR=/srv/saas PORT_BASE=30000):
#:   RUN_DIR           where the platform lies (.run in the checkout)
#:   PORT_BASE         first of 3000 ports (18000): master +69, tenants +80
#:   TENANT_UID_BASE   first user id of tenants (200000); TENANT_UID_COUNT how many
#:   RUNTIME           what tenants run on: process (here), or swarm (Docker Swarm)
#:   BASE_DOMAIN       tenants answer at <subdomain>.BASE_DOMAIN (tenants.localhost)
#:   NODE_CORES        cores that tenants may have (all)
#:   NODE_MEMORY_MB    MiB that tenants may have (3/4; at least 1 GiB is left to the rest)
#:   LEAST_RETENTION_DAYS  so long nothing is purged, whatever the settings say (7)
#:   CACHE_DIR         what is built once per machine (/var/cache/saasodoo)
#:   ODOO_SOURCE       a source tree of Odoo 19, instead of Debian's package
#:   DEMO=0            no first instance
#:   TLS_CERT, TLS_KEY on a swarm: a wildcard certificate, instead of one of our own CA
#:   SMTP_SMARTHOST    takes tenants' mail: host:port, or direct; empty: it is held
#:   SMTP_LOGIN_FILE   a file with login:password for it
#:   BILLING=killbill  a Kill Bill beside the master; KILLBILL_WAR another one than Maven's
#:   DOCKER_HOST       on a swarm: unix:///path of this machine's engine
#:   TEST_RUN_DIR, TEST_PORT_BASE, TEST_TENANT_UID_BASE   the same for tests
#:   KEEP=1            leave the tests' servers running
#: The first `make up` fixes all down to BASE_DOMAIN, and DOCKER_HOST, for its RUN_DIR; the
#: others, down to BILLING, are kept until they are given anew (NODE_CORES= forgets one).
