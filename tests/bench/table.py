"""The figures as the README shows them."""

from targets import describe

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def write_readme(path, figures):
    """Put the table between the two marks of the README."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{render(figures)}\n{END}{after}")


def render(figures):
    """Return the figures as a table in Markdown."""
    rows = [
        f"Measured by `make bench` on {figures['measured']}, {figures['machine']}.",
        "",
        "| what | p50 | p95 | runs | wanted |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, value in figures.items():
        if isinstance(value, dict) and "runs" in value:
            rows.append(_row(name, value))
    steps = ", ".join(
        f"{label.lower()} {seconds} s" for label, seconds in figures["steps"].items()
    )
    rows += ["", f"Where the time goes (p50): {steps}."]
    idle = ", ".join(
        f"{name} {value}" for name, value in figures["idle tenants"].items()
    )
    rows += ["", f"Idle tenants: {idle}."]
    return "\n".join(rows)


def _row(name, figure):
    if "times" in figure:
        cells = [f"{figure['times']} times", ""]
    else:
        cells = [f"{figure['p50']} s", f"{figure['p95']} s"]
    return f"| {' | '.join([name, *cells, str(figure['runs']), describe(figure)])} |"
