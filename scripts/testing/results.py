"""Count what suites did, from their JUnit files; nothing else is believed."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field


@dataclass
class Results:
    """The sum of all suites."""

    passed: int = 0
    failed: int = 0
    complaints: list = field(default_factory=list)

    def add_suite(self, name, path, code):
        """Add what a suite wrote.

        A suite without tests, or with a skipped one, has failed: both look green.

        :param Path path: its JUnit file
        :param int code: its exit code
        """
        counts = _read(path)
        bad = counts["failures"] + counts["errors"]
        self.passed += max(0, counts["tests"] - bad - counts["skipped"])
        self.failed += bad
        if not counts["tests"]:
            self.complain(f"{name}: no test ran (exit code {code})")
        elif counts["skipped"]:
            self.complain(f"{name}: {counts['skipped']} skipped")
        elif code and not bad:
            self.complain(f"{name}: ended with exit code {code}")

    def complain(self, text):
        """Note a failure that no test is."""
        self.complaints.append(text)
        self.failed += 1

    def print_all(self):
        """Print the last line, and before it what no test says.

        :return: the exit code
        """
        for text in self.complaints:
            print(f"FAILED {text}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def _read(path):
    names = ("tests", "failures", "errors", "skipped")
    try:
        suites = ElementTree.parse(path).iter("testsuite")
        found = [{name: int(suite.get(name, 0)) for name in names} for suite in suites]
    except (OSError, ElementTree.ParseError):
        found = []
    return {name: sum(counts[name] for counts in found) for name in names}
