"""The figures as the README shows them."""

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
        "| what | p50 | p95 | runs |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, value in figures.items():
        if isinstance(value, dict) and "p50" in value:
            rows.append(
                f"| {name} | {value['p50']} s | {value['p95']} s | {value['runs']} |"
            )
    steps = ", ".join(
        f"{label.lower()} {seconds} s" for label, seconds in figures["steps"].items()
    )
    rows += ["", f"Where the time goes (p50): {steps}."]
    idle = ", ".join(
        f"{name} {value}" for name, value in figures["idle tenants"].items()
    )
    rows += ["", f"Idle tenants: {idle}."]
    return "\n".join(rows)
