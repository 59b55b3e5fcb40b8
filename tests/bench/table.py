"""The figures as the README shows them."""

from targets import describe

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
TITLES = {
    "process": "Tenants as processes of one machine",
    "swarm": "Tenants on a Docker Swarm behind Traefik",
}
# What has a column, and what is said of a figure beside them.
COLUMNS = {"p50", "p95", "runs", "times", "at most", "at least", "failures"}


def write_readme(path, measured):
    """Put the tables between the two marks of the README.

    :param dict measured: figures by runtime
    """
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [
        f"### {title}\n\n{render(measured[runtime])}\n"
        for runtime, title in TITLES.items()
        if runtime in measured
    ]
    path.write_text(f"{before}{BEGIN}\n{chr(10).join(tables)}{END}{after}")


def render(figures):
    """Return the figures of one runtime as a table in Markdown."""
    rows = [
        f"Measured by `make bench` on {figures['measured']}, {figures['machine']}.",
        "",
        "| what | p50 | p95 | runs | wanted |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, value in figures.items():
        if isinstance(value, dict) and "runs" in value:
            rows.append(_row(name, value))
    steps = [f"{label.lower()} {spent} s" for label, spent in figures["steps"].items()]
    rows += ["", f"Where the time goes (p50): {', '.join(steps)}."]
    for name in ("idle tenants", "routes"):
        if name in figures:
            rows += ["", f"{name.capitalize()}: {_list(figures[name])}."]
    return "\n".join(rows)


def _row(name, figure):
    if more := {key: figure[key] for key in figure if key not in COLUMNS}:
        name = f"{name} ({_list(more)})"
    if "times" in figure:
        cells = [f"{figure['times']} times", ""]
    else:
        cells = [f"{figure['p50']} s", f"{figure['p95']} s"]
    return f"| {' | '.join([name, *cells, str(figure['runs']), describe(figure)])} |"


def _list(values):
    return ", ".join(f"{name} {value}" for name, value in values.items())
