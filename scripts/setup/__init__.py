"""Everything between a bare Debian 12 machine and running servers.

Standard library only: it runs on the machine's own Python, before anything of ours is
installed. `python3 -m scripts.setup up|down|down-master|reset|doctor`.
"""
