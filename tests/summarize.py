"""Sums what the suites counted: TAP of the unit tests in Meson's log, JUnit XML of pytest.

usage: summarize.py FOLDER SUITE...   (FOLDER holds SUITE.json or SUITE.xml; a suite without a file has failed)
"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ET


MAY_BE_SKIPPED = {"guest"}  # takes root and the release of Debian that the guest runs; pytest says which is missing


def of_meson(path):
    """A test program counts by its TAP lines, any other test as one; a program that ends badly counts one failure more."""
    passed = failed = skipped = 0
    for line in path.read_text().splitlines():
        test = json.loads(line)
        points = re.findall(r"^(ok|not ok)\b([^\n]*)", test.get("stdout", ""), re.M)
        points = points if "# random seed" in test.get("stdout", "") or points else []
        for verdict, rest in points:
            if re.search(r"#\s*SKIP", rest, re.I):
                skipped += 1
                print(f"skipped: {test['name']}:{rest}")
            elif verdict == "ok":
                passed += 1
            else:
                failed += 1
        good = test["result"] in ("OK", "SKIP")
        if not good and not any(verdict == "not ok" for verdict, _ in points):
            failed += 1
        elif not points:
            passed += good
    return passed, failed, skipped


def of_pytest(path):
    passed = failed = skipped = 0
    for suite in ET.parse(path).getroot().iter("testsuite"):
        total, bad, left = (int(suite.get(key, 0)) for key in ("tests", "failures", "skipped"))
        bad += int(suite.get("errors", 0))
        passed, failed, skipped = passed + total - bad - left, failed + bad, skipped + left
    return passed, failed, skipped


def main():
    folder = pathlib.Path(sys.argv[1])
    sums = [0, 0, 0]
    for suite in sys.argv[2:]:
        if (folder / f"{suite}.json").exists():
            counts = of_meson(folder / f"{suite}.json")
        elif (folder / f"{suite}.xml").exists():
            counts = of_pytest(folder / f"{suite}.xml")
        else:
            counts = (0, 1, 0)
        if counts[0] + counts[1] == 0 and not (suite in MAY_BE_SKIPPED and counts[2] > 0):
            counts = (0, 1, counts[2])  # a suite that ran nothing proves nothing
        print(f"{suite:10} {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        sums = [a + b for a, b in zip(sums, counts)]
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return 1 if sums[1] else 0


sys.exit(main())
