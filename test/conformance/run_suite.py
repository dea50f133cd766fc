#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the ONNX backend suite of the installed `onnx` package through `ingot-conformance` at -O0 and holds it against a strict table.

test/conformance/expectations.txt has a line `KIND/NAME STATUS reason` for every case that does not pass (STATUS: unsupported, fail, crash, timeout).
A case that is not listed must pass; a listed one must end with its status; an unexpected pass fails too. docs/OpStatus.md is made from the same
result and must be up to date. At least MINIMUM cases must pass.

    test/conformance/run_suite.py                        the whole suite
    test/conformance/run_suite.py --filter 'node/test_conv.*'
    test/conformance/run_suite.py --update               rewrite the table and docs/OpStatus.md from this run
    test/conformance/run_suite.py --level 3              at -O3, against the same table: what passes at -O0 must pass there
    test/conformance/run_suite.py --list                 only make the suite and print how many cases there are
"""

import argparse
import collections
import json
import pathlib
import re
import sys
import time

import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import suite  # noqa: E402

TABLE = HERE / "expectations.txt"
STATUS_PAGE = harness.ROOT / "docs/OpStatus.md"
TOOL = harness.BUILD / "bin" / "ingot-conformance"
STATUSES = ("unsupported", "fail", "crash", "timeout")
MINIMUM = 1750
TABLE_HEAD = """# Cases of the ONNX backend suite that do not pass: `KIND/NAME STATUS reason`. Strict: any other case must pass, and these must not.
# Rewritten by test/conformance/run_suite.py --update; read the difference before you commit it.
"""


def read_table(path: pathlib.Path) -> dict[str, tuple[str, str]]:
    table = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, status, reason = (line.split(maxsplit=2) + ["", ""])[:3]
        if status not in STATUSES or not reason or name in table:
            raise SystemExit(f"{path.name}:{number}: expected `KIND/NAME STATUS reason` with a status of {', '.join(STATUSES)}, once per case")
        table[name] = (status, reason)
    return table


def one_line(reason: str, suite_folder: pathlib.Path) -> str:
    """A reason without paths of this machine, short enough for a table."""
    text = " ".join(reason.replace(str(suite_folder) + "/", "").split())
    text = re.sub(r"(?<![\w.])/(?:[\w.+-]+/)+", "", text)
    text = re.sub(r"^\S+/model\.onnx: ", "", text)
    return text[:157] + "..." if len(text) > 160 else text or "no reason given"


def run_tool(suite_folder: pathlib.Path, names: list[str], jobs: int, seconds: int, level: int) -> dict[str, tuple[str, str]]:
    """Status and reason by case. A case without a line in the tool's report counts as a crash."""
    folder = harness.scratch("conformance")
    listing, report = folder / "cases.txt", folder / "results.jsonl"
    listing.write_text("".join(f"{suite_folder / name}\n" for name in names))
    outcome = harness.execute([TOOL, "--list", listing, "--level", level, "--jobs", jobs, "--json", report], timeout=seconds)
    if outcome.code != 0:
        print(f"ingot-conformance: exit code {outcome.code}: {outcome.text()}")
    by_path = {str(suite_folder / name): name for name in names}
    # Names are unique within the suite; the tool may print a folder's whole path or its last part.
    by_name = {name.split("/", 1)[1]: name for name in names}
    results = {}
    for line in report.read_text().splitlines(keepends=True) if report.exists() else []:
        if not line.endswith("\n"):
            continue  # the tool was stopped while it wrote
        entry = json.loads(line)
        name = by_path.get(entry["test"]) or by_name.get(entry["test"].rstrip("/").rsplit("/", 1)[-1])
        if name is None:
            raise SystemExit(f"ingot-conformance reports on '{entry['test']}', which it was not given")
        results[name] = (entry["status"], one_line(entry.get("reason", ""), suite_folder))
    for name in names:
        results.setdefault(name, ("crash", "ingot-conformance reported nothing for this case"))
    return results


def status_page(suite_folder: pathlib.Path, results: dict) -> str:
    """docs/OpStatus.md: the count, and a row per operator with the cases whose main graph uses it."""
    kinds, ops = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    missing = collections.defaultdict(collections.Counter)
    for name, (status, reason) in results.items():
        bound = status == "pass" and reason.startswith("constant inputs")
        kinds[name.split("/")[0]].update([status, "bound"] if bound else [status])
        for key in suite.operators(suite_folder / name):
            ops[key].update([status, "bound"] if bound else [status])
            if status != "pass":
                missing[key][reason] += 1
    passing = sum(count["pass"] for count in kinds.values())
    lines = [
        "# Operator status",
        "",
        "Generated by `test/conformance/run_suite.py --update`; CI fails when it is out of date. Do not edit.",
        "",
        f"**{passing} of {len(results)} cases of the ONNX backend suite (onnx {onnx.__version__}) pass at `-O0`.**",
        "",
        "| kind | cases | pass | of these with constant inputs | unsupported | fail | crash | timeout |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in sorted(kinds):
        count = kinds[kind]
        lines.append(f"| {kind} | {count.total() - count['bound']} | " + " | ".join(str(count[key]) for key in ("pass", "bound", *STATUSES)) + " |")
    lines += [
        "",
        "An operator's row counts the cases whose main graph uses it; a case with several operators stands in several rows. Where an input must be a",
        'constant (a shape, axes, `k`) but is an input of the case\'s model, it is fixed at compile time: such cases pass "with constant inputs".',
        "",
        "| operator | pass | of these with constant inputs | cases | most frequent reason of the rest |",
        "|---|---:|---:|---:|---|",
    ]
    for (domain, op), count in sorted(ops.items(), key=lambda item: (item[0][0] != "ai.onnx", item[0])):
        reasons = missing[domain, op].most_common(1)
        reason = reasons[0][0].replace("|", "\\|") if reasons else ""
        name, cases = op if domain == "ai.onnx" else f"{domain}.{op}", count.total() - count["bound"]
        lines.append(f"| {name} | {count['pass']} | {count['bound'] or ''} | {cases} | {reason} |")
    return "\n".join(lines) + "\n"


def judge(results: dict, table: dict) -> tuple[int, int, int]:
    passed = failed = known = 0
    for name, (status, reason) in sorted(results.items()):
        expected = table.get(name, ("pass", ""))[0]
        if status == expected:
            passed, known = passed + (status == "pass"), known + (status != "pass")
        else:
            failed += 1
            hint = "; remove it from the table" if status == "pass" else f": {reason}"
            print(f"FAIL    conformance/{name}: {status}, expected {expected}{hint}")
    return passed, failed, known


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default=".*", help="a regular expression for the whole KIND/NAME")
    parser.add_argument("--level", type=int, choices=(0, 3), default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=1800, help="limit for the whole suite")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.update and options.level:
        parser.error("the table is made at -O0")
    start = time.monotonic()
    suite_folder, every = suite.prepare(harness.CACHE)
    names = [name for name in every if re.fullmatch(options.filter, name)]
    whole = len(names) == len(every)
    print(f"conformance: {len(names)} of {len(every)} cases: {dict(collections.Counter(name.split('/')[0] for name in names))}", flush=True)
    if options.list:
        return 0
    if not TOOL.exists():
        print(f"no {TOOL}: build first\npassed=0 failed=1")
        return 1
    results = run_tool(suite_folder, names, options.jobs, options.seconds, options.level)
    counts = collections.Counter(status for status, _ in results.values())
    print(f"conformance: {dict(counts)} in {time.monotonic() - start:.0f} s")
    if options.update:
        table = read_table(TABLE) if TABLE.exists() and not whole else {}
        table = {name: row for name, row in table.items() if name not in results}
        table |= {name: row for name, row in results.items() if row[0] != "pass"}
        TABLE.write_text(TABLE_HEAD + "".join(f"{name} {status} {reason}\n" for name, (status, reason) in sorted(table.items())))
        if whole:
            STATUS_PAGE.write_text(status_page(suite_folder, results))
        print(f"wrote {TABLE.name}: {len(table)} cases do not pass" + (f", and {STATUS_PAGE.name}" if whole else ""))
    table = read_table(TABLE)
    passed, failed, known = judge(results, table)
    if whole:
        for name in sorted(set(table) - set(every)):
            failed += 1
            print(f"FAIL    the table lists {name}, which the suite does not have")
        # The page holds the tool's reasons, which are words: only its numbers must be up to date.
        numbers = [re.sub(r"\|[^|]*\|$", "", line) for line in status_page(suite_folder, results).splitlines()]
        page = [re.sub(r"\|[^|]*\|$", "", line) for line in STATUS_PAGE.read_text().splitlines()] if STATUS_PAGE.exists() else []
        for good, complaint in (
            (options.level or numbers == page, f"{STATUS_PAGE.name} is out of date: run with --update"),
            (counts["pass"] >= MINIMUM, f"{counts['pass']} cases pass, at least {MINIMUM} must"),
        ):
            passed, failed = passed + bool(good), failed + (not good)
            if not good:
                print(f"FAIL    {complaint}")
    print(f"conformance: {known} known not to pass, counted neither way")
    print(f"passed={passed} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
