from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.review import html, markdown, sarif
from migrator.review.report import (
    WORDS,
    Allowance,
    FileReview,
    Finding,
    InBatches,
    Lock,
    MigrationReview,
    Opinion,
    Proof,
    Range,
    RelationWork,
    Report,
    StatementReview,
    in_words,
)
from migrator.review.rules import RULES
from tests.support.reports import file_of, sample
from tests.support.servers import ROOT, clean_environment

SAMPLE = sample()
WHOLE = markdown.render(SAMPLE)
COMMENT = markdown.comment(SAMPLE)
EMPTY = replace(SAMPLE, migrations=(), notes=())
SCRIPT = ROOT / ".github" / "review-comment.sh"
WORKFLOW = ROOT / ".github" / "workflows" / "review.yml"
MARKER = "<!-- migrator review -->"
# What CommonMark looks for first in a line: an escape, code, backticks that open no code.
INLINE = re.compile(r"\\[!-/:-@\[-`{-~]|(`+)(?!`)(.+?)(?<!`)\1(?!`)|`+")

HOSTILE = (
    "a`b``c | <script>alert(1)</script> <!-- --> &lt; @everyone #1 GH-2 [x](y) ![z](q)\n"
    "\n# heading\n\n```\ncode\n```\r\n| a | b |\n|---|---|\n</details>\u2028- item \x1b[2J\u202e"
    "*_~$\\"
)


def shown(text: str) -> str:
    """Return Markdown as it is read: without escapes, and without what keeps @ from calling."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text.replace("\u200b", ""))


def section(text: str, migration: MigrationReview) -> str:
    _, _, rest = text.partition(f"## `{migration.id}`: ")
    return shown(rest.partition("\n## ")[0])


def hostile(text: str) -> Report:
    """Return a report with a text in each place that a file, or a server's answer, can fill."""
    few = (text, text)
    allowed = Finding(text, text, text, 1, text, text, Allowance(text, date(2027, 1, 31), 1))
    time = Range.around(1_000)
    migration = MigrationReview(
        id=text,
        **file_of(text, text),
        purpose=text,
        rollback=FileReview(**file_of(text, text)),
        claims={"locks": text},
        locks=(Lock(text, text, text, text, text, 1, text, time, 5, True, text),),
        statements=(
            StatementReview(
                1,
                1,
                text,
                work=(RelationWork(text, 5, 5, 5, True, few),),
                validated=few,
                dropped=few,
                gone=few,
                said=few,
                duration_ms=time,
            ),
        ),
        proof=Proof("irreversible", few, few, few, few, text),
        opinions=(Opinion(text, 1, text, "refuted", text), Opinion(text, 1, text, "confirmed")),
        findings=(Finding(text, text, text, 1, text, text), allowed),
        not_measured=few,
        notes=few,
    )
    return Report(text, (1, 2), text, date(2026, 3, 14), (migration,), 1.0, few)


def test_the_markdown_says_all_that_was_found_measured_and_not_measured() -> None:
    overview = shown(WHOLE.partition("\n## ")[0])
    assert overview.startswith(f"# Migration review: {SAMPLE.headline}\n\n")
    for part in (
        "PostgreSQL 18.1",
        "10,000 and 200,000",
        "`rows.production.tsv`",
        "2026-03-14",
        "`9f2c1d7`",
    ):
        assert part in overview
    for each in SAMPLE.migrations:
        told = section(WHOLE, each)
        (row,) = (line for line in overview.splitlines() if f" | `{each.id}` | " in line)
        word = WORDS[each.verdict]
        assert row.startswith((f"| {word} |", f"| **{word}** |"))
        assert each.proof.verdict in row
        assert word == told.partition("\n")[0]
        assert each.purpose in told
        assert ("In one transaction" in told) == each.transactional
        for finding in each.findings:
            assert f"**`{finding.rule}`**, line {finding.line}" in told
            assert finding.message in told
            assert finding.file in told
            if finding.allowed:
                assert f"Allowed until {finding.allowed.until} by line" in told
                assert told.count(f": {finding.allowed.reason}") == 1
            else:
                assert f"Instead: {finding.instead}" in told
                assert finding.header in told
        for pair in each.instead:
            assert f"-- file: {pair.id}.rollback.sql\n{pair.rollback}" in told
        forward, _, back = told.partition("The rollback file, ")
        assert bool(back) == bool(each.rollback.statements)
        for said, lock in [
            *((forward, lock) for lock in each.locks),
            *((back, lock) for lock in each.rollback.locks),
        ]:
            (line,) = (
                line
                for line in said.splitlines()
                if line.startswith("| `") and f"`{lock.relation}`" in line.partition(" | ")[0]
            )
            for part in (f"| {lock.mode} |", f"| {lock.words} |", f"| {lock.line} |", lock.until):
                assert part in line
            assert in_words(lock.held_ms) in line or "grows with the rows" in line
        assert f"Checksums: `{each.checksum}`, rollback `{each.rollback.checksum}`." in told
        assert all(opinion.verdict in told for opinion in each.opinions)
        assert all(opinion.because in told for opinion in each.opinions)
        for reasons in (each.not_measured, each.notes, each.proof.lost, each.proof.differences):
            assert all(reason in told for reason in reasons)
        assert all(index in told for index in each.proof.invalid_indexes)
        assert each.proof.error in told
    assert all(note in shown(WHOLE) for note in SAMPLE.notes)


def test_the_headline_says_whether_to_apply_and_why() -> None:
    def headline(*migrations: MigrationReview) -> str:
        return replace(SAMPLE, migrations=migrations).headline

    unmeasured = "do not apply yet: 2 migrations not measured, 17 findings, "
    assert SAMPLE.headline == unmeasured + "3 findings allowed, 3 rollbacks lose rows"
    lossy, lossless, found, allowed, *_ = SAMPLE.migrations
    assert headline(lossy) == "safe to apply: 1 rollback loses rows"
    assert headline(lossless) == "safe to apply"
    assert headline(allowed) == "safe to apply: 1 finding allowed"
    assert headline(found).startswith("do not apply yet: 7 findings, 1 finding allowed, ")
    assert EMPTY.headline == "nothing to review"


def test_the_markdown_says_what_a_statement_does_and_is_silent_on_the_rest() -> None:
    told = shown(WHOLE)
    for part in (
        "- Line 6, `ALTER TABLE generated_content ...`: rewrites `generated_content` and rebuilds "
        "2 indexes;",
        "takes 3.8 min (91 s to 9.5 min); writes 1.9 GB (783 MB to 4.8 GB) of WAL",
        "reads every row of `tasks`, 2 times",
        "writes 100,000 of 200,000 rows of `task_labels`",
        "takes 25 s (10 s to 62 s) per million rows",
        "checks fk_generated_content_reviewed_by on generated_content against every row",
        "drops view campaign_budgets by CASCADE",
        "column campaigns.note is gone",
    ):
        assert part in told
    assert "COMMENT ON" not in told
    harmless = section(WHOLE, SAMPLE.migrations[-1])
    assert "It locks no existing table." in harmless
    assert "2 statements without effect on existing rows." in harmless
    assert len(harmless.split("Notes:")[0].splitlines()) <= 12


def test_findings_that_a_line_allows_together_are_told_together() -> None:
    reason = Allowance("still empty", date(2030, 12, 31), 4)
    found = tuple(
        Finding("scan", f"reads {table}", "", 5, table, allowed=reason) for table in ("a", "b")
    )
    migration = replace(SAMPLE.migrations[-1], findings=found)
    told = markdown.render(replace(SAMPLE, migrations=(migration,)))
    assert (
        "Allowed until 2030-12-31 by line 4: still empty.\n\n"
        "- **`scan`**, line 5, `a`: reads a.\n- **`scan`**, line 5, `b`: reads b.\n" in told
    )


def test_a_slow_statement_is_told_though_it_does_nothing_to_rows() -> None:
    slow = StatementReview(7, 7, "SELECT pg_sleep(1)", duration_ms=Range.around(1_000))
    migration = replace(SAMPLE.migrations[-1], statements=(slow,))
    told = markdown.render(replace(SAMPLE, migrations=(migration,)))
    assert "- Line 7, `SELECT pg_sleep(1)`: takes 1 s (400 ms to 2.5 s)" in told


def test_long_lists_are_cut_in_the_markdown() -> None:
    tables = tuple(f"table t{number}" for number in range(1_000))
    drop = StatementReview(1, 1, "DROP SCHEMA s CASCADE", dropped=tables)
    told = markdown.render(
        replace(SAMPLE, migrations=(replace(SAMPLE.migrations[-1], statements=(drop,)),))
    )
    assert "drops table t19 by CASCADE; drops 980 more by CASCADE" in told


def test_what_was_not_measured_at_all_is_not_said_to_lock_nothing() -> None:
    (vector,) = (each for each in SAMPLE.migrations if each.id.endswith("vector"))
    assert "locks no existing" not in section(WHOLE, vector)
    assert "locks no existing" not in section(COMMENT, vector)


def harmful(text: str) -> list[str]:
    """Return what in Markdown could act: as markup that is not ours, on a terminal, or on people.

    By the rules of CommonMark: code spans come first, then backslashes.
    """
    own = re.sub(
        rf"^({MARKER}|<details><summary>Measurements</summary>|</details>)$",
        "",
        text,
        flags=re.MULTILINE,
    )
    bare = INLINE.sub(lambda found: "`" if found[0][0] == "`" and not found[2] else ".", own)
    found = re.findall(r"[`<~$\[\]]|&#?\w+;|(?<!\w)_|_(?!\w)|(?<!\*)\*(?!\*)|\*{3,}", bare)
    found += re.findall(r"(?i)(?:@|#|\bgh-)\w+", bare)
    found += [
        f"{each!r}"
        for each in text.replace("\u200b", "")
        if not (each.isprintable() or each == "\n")
    ]
    found += [line for line in bare.split("\n") if re.match(r"\s+\S|- *([-+>=]|#|\d+[.)] )", line)]
    return found


def outline(text: str) -> list[tuple[str, int]]:
    """Return how each line begins, and how many cells it has: whatever a report tells."""
    pipe = re.compile(r"(?<!\\)\|")
    return [(line[:2], line.startswith("|") * len(pipe.findall(line))) for line in text.split("\n")]


def test_hostile_text_stays_text() -> None:
    for shape in (markdown.render, markdown.comment):
        told = shape(hostile(HOSTILE))
        assert harmful(told) == []
        assert outline(told) == outline(shape(hostile("plain")))
        assert "@\u200beveryone" in told


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="`\\|<>&;*_~$[]()!#@+-=.:1aG H\n\r\t\x1b\u202e\u2028", min_size=1))
def test_no_text_can_act_as_markup(text: str) -> None:
    told = markdown.render(hostile(text))
    assert harmful(told) == []
    assert outline(told) == outline(markdown.render(hostile("plain")))


@pytest.mark.parametrize(
    "text", ["a`b", "``", "`", "a\\`", "``a`", "|", "\\|", "a\\", "*", "x" * 500]
)
def test_code_is_shown_as_it_is(text: str) -> None:
    statement = StatementReview(1, 1, text, validated=("c",))
    migration = replace(SAMPLE.migrations[-1], statements=(statement,))
    told = markdown.render(replace(SAMPLE, migrations=(migration,)))
    (line,) = (line for line in told.splitlines() if line.startswith("- Line 1"))
    code = next(found[2] for found in INLINE.finditer(line) if found[2])
    if code.startswith(" ") and code.endswith(" "):
        code = code[1:-1]
    assert code == (text if len(text) < 100 else "x" * 96 + " ...")


def test_the_comment_is_found_by_its_first_line_and_folds_the_details() -> None:
    assert COMMENT.startswith(f"{MARKER}\n# Migration review: do not apply yet: 2 migrations not ")
    assert COMMENT.count("<details>") == COMMENT.count("</details>") == 10
    visible = re.sub(r"<details>.*?</details>", "", COMMENT, flags=re.DOTALL)
    for each in SAMPLE.migrations:
        for finding in each.findings:
            assert f"**`{finding.rule}`**" in visible
        assert all(reason in visible for reason in each.not_measured)
        for lock in each.locks:
            assert f"`{lock.relation}`" in COMMENT
    assert "| from line |" not in visible


@pytest.mark.parametrize("limit", [600, 1_000, 2_500, 5_000, 10_000, 15_000, 65_000])
def test_the_comment_is_never_longer_than_it_may_be(limit: int) -> None:
    told = markdown.comment(SAMPLE, limit)
    assert len(told) <= limit
    assert told.startswith(f"{MARKER}\n# Migration review: {SAMPLE.headline}\n")
    titles = [f"## `{each.id}`: " in told for each in SAMPLE.migrations]
    left_out = titles.count(False)
    assert titles == sorted(titles, reverse=True), "those at the end are left out"
    assert told.count("<details>") == told.count("</details>")
    said = re.findall(r"GitHub limits the length: (\d+) migrations? left out", told)
    assert said == ([str(left_out)] if left_out else [])


@pytest.mark.slow
def test_hundreds_of_migrations_fit_in_a_comment() -> None:
    migrations = tuple(replace(SAMPLE.migrations[2], id=f"{each:04}.t.c") for each in range(900))
    told = markdown.comment(replace(SAMPLE, migrations=migrations))
    assert 60_000 < len(told) <= 65_000
    assert "900 migrations left out" in told


def test_a_review_of_nothing_says_so() -> None:
    said = "# Migration review: nothing to review\n\nNo migration is new or pending.\n"
    assert markdown.render(EMPTY) == said
    assert markdown.comment(EMPTY) == f"{MARKER}\n{markdown.render(EMPTY)}"


def test_rows_that_nobody_named_are_said_to_be_unknown() -> None:
    told = markdown.render(replace(SAMPLE, rows_from=""))
    assert "Rows in production: unknown, so every table is assumed to be large." in told


# What GitHub's code scanning demands, and all that SARIF knows of what is used here.
FORM: dict[str, tuple[set[str], set[str]]] = {
    "log": ({"$schema", "version", "runs"}, set()),
    "run": ({"tool", "invocations", "columnKind", "results"}, set()),
    "driver": ({"name", "rules"}, set()),
    "rule": (
        {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"},
        {"helpUri"},
    ),
    "invocation": ({"executionSuccessful", "exitCode", "exitCodeDescription"}, set()),
    "result": (
        {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"},
        {"suppressions"},
    ),
    "suppression": ({"kind", "status", "justification", "location"}, set()),
    "location": ({"physicalLocation"}, set()),
    "physicalLocation": ({"artifactLocation", "region"}, set()),
    "region": ({"startLine", "startColumn", "endLine", "endColumn"}, set()),
}


def formed(kind: str, document: Any) -> Any:
    """Check an object's keys; return it."""
    required, optional = FORM[kind]
    assert isinstance(document, dict)
    assert required <= document.keys() <= required | optional, kind
    return document


def logged(report: Report) -> dict[str, Any]:
    """Return the run of a report's SARIF, checked."""
    log = formed("log", json.loads(sarif.render(report)))
    assert (log["$schema"], log["version"]) == (
        "https://json.schemastore.org/sarif-2.1.0.json",
        "2.1.0",
    )
    (run,) = log["runs"]
    formed("run", run)
    driver = formed("driver", run["tool"]["driver"])
    (invocation,) = run["invocations"]
    formed("invocation", invocation)
    ids = [formed("rule", rule)["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"] == {"level": "error"}
        for name in ("shortDescription", "fullDescription", "help"):
            (text,) = rule[name].values()
            assert 0 < len(text) <= 1024
    lines = {each.path: each.text.split("\n") for each in report.migrations}
    for migration in report.migrations:
        rollback = migration.path.removesuffix(".sql") + ".rollback.sql"
        lines[rollback] = migration.rollback.text.split("\n")
    for result in run["results"]:
        formed("result", result)
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "note"}
        assert result["message"].keys() == {"text"}
        assert result["message"]["text"][-1] in ".!?"
        (location,) = result["locations"]
        for suppression in result.get("suppressions", []):
            formed("suppression", suppression)
        for place in (location, *(each["location"] for each in result.get("suppressions", []))):
            physical = formed("physicalLocation", formed("location", place)["physicalLocation"])
            region = formed("region", physical["region"])
            (uri,) = physical["artifactLocation"].values()
            file = lines[unquote(uri)]
            assert re.fullmatch(r"[\w.~/%-]+", uri, re.ASCII)
            assert not uri.startswith("/")
            assert 1 <= region["startLine"] <= region["endLine"] <= len(file)
            assert region["endColumn"] == len(file[region["endLine"] - 1]) + 1
    told = [json.dumps(each["partialFingerprints"]) for each in run["results"]]
    assert len(told) == len(set(told))
    assert isinstance(run, dict)
    return run


def test_sarif_has_a_result_for_each_finding_at_its_line() -> None:
    run = logged(SAMPLE)
    found = [(each, finding) for each in SAMPLE.migrations for finding in each.findings]
    results = [each for each in run["results"] if each["ruleId"] != "not-measured"]
    assert len(results) == len(found)
    for result, (migration, finding) in zip(results, found, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert result["ruleId"] == finding.rule
        assert finding.message[1:].rstrip(".") in result["message"]["text"]
        assert finding.instead in result["message"]["text"]
        assert place["artifactLocation"]["uri"] == (
            f"migrations/{finding.file}" if finding.file else migration.path
        )
        assert place["region"]["startLine"] == finding.line
        assert result["level"] == ("note" if finding.allowed else "error")
        if finding.allowed:
            (suppression,) = result["suppressions"]
            assert (suppression["kind"], suppression["status"]) == ("inSource", "accepted")
            assert finding.allowed.reason in suppression["justification"]
            assert str(finding.allowed.until) in suppression["justification"]
        else:
            assert "suppressions" not in result


def test_sarif_takes_what_was_not_measured_for_an_error() -> None:
    run = logged(SAMPLE)
    unmeasured = [each for each in run["results"] if each["ruleId"] == "not-measured"]
    reasons = [reason for each in SAMPLE.migrations for reason in each.not_measured]
    assert len(unmeasured) == len(reasons) == 2
    assert {each["level"] for each in unmeasured} == {"error"}
    (invocation,) = run["invocations"]
    assert invocation == {
        "executionSuccessful": False,
        "exitCode": 2,
        "exitCodeDescription": "not measured",
    }


@pytest.mark.parametrize(("index", "verdict", "code"), [(0, "pass", 0), (2, "finding", 1)])
def test_sarif_says_how_the_review_ended(index: int, verdict: str, code: int) -> None:
    run = logged(replace(SAMPLE, migrations=(SAMPLE.migrations[index],)))
    (invocation,) = run["invocations"]
    assert invocation == {
        "executionSuccessful": True,
        "exitCode": code,
        "exitCodeDescription": verdict,
    }


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    run = logged(EMPTY)
    assert run["results"] == run["tool"]["driver"]["rules"] == []


def test_a_finding_keeps_its_fingerprint_where_lines_are_added_and_files_renumbered() -> None:
    finding = Finding("rewrite", "rewrites tasks", "Do not.", 2, "tasks")
    again = replace(finding, line=3)
    other = replace(finding, relation="users")
    migration = replace(
        SAMPLE.migrations[-1], text="-- a\nALTER;\nALTER;\n", findings=(finding, again, other)
    )
    moved = replace(
        migration,
        text="-- a\n-- b\n  ALTER;\nALTER;\n",
        findings=(replace(finding, line=3), replace(again, line=4), replace(other, line=3)),
    )

    def fingerprints(of: MigrationReview) -> list[dict[str, str]]:
        run = logged(replace(SAMPLE, migrations=(of,)))
        return [each["partialFingerprints"] for each in run["results"]]

    assert fingerprints(migration) == fingerprints(moved)
    assert [each["migrationReview/v1"][-2:] for each in fingerprints(moved)] == [":1", ":2", ":1"]


@pytest.mark.parametrize("name", [*RULES, "not-measured", "ban-char-field"])
def test_a_rule_leads_to_what_to_do_instead(name: str) -> None:
    migration = replace(SAMPLE.migrations[-1], findings=(Finding(name, "it does", "Do not."),))
    (rule,) = logged(replace(SAMPLE, migrations=(migration,)))["tool"]["driver"]["rules"]
    help_text = rule["help"]["text"]
    if name in RULES:
        assert RULES[name].instead in help_text
        assert f"docs/rules/{name}.md" in help_text
    assert rule.get("helpUri") == (
        "https://squawkhq.com/docs/ban-char-field" if name == "ban-char-field" else None
    )


def test_a_path_becomes_a_uri() -> None:
    finding = Finding("rule", "see [this](http://evil)", "")
    odd = replace(SAMPLE.migrations[-1], path="my migrations/ä#1?.sql", findings=(finding,))
    (result,) = logged(replace(SAMPLE, migrations=(odd,)))["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "my%20migrations/%C3%A4%231%3F.sql"}
    assert result["message"]["text"] == "See [this\\](http://evil)."
    outside = replace(odd, path="/elsewhere/a b.sql")
    assert "file:///elsewhere/a%20b.sql" in sarif.render(replace(SAMPLE, migrations=(outside,)))


def test_the_json_document_holds_the_whole_report() -> None:
    document = json.loads(json.dumps(SAMPLE.document()))
    assert document["verdict"] == SAMPLE.verdict
    assert document["made_on"] == "2026-03-14"
    assert [each["id"] for each in document["migrations"]] == [
        each.id for each in SAMPLE.migrations
    ]
    for shown_as, each in zip(document["migrations"], SAMPLE.migrations, strict=True):
        assert shown_as["verdict"] == each.verdict
        assert [finding["rule"] for finding in shown_as["findings"]] == [
            finding.rule for finding in each.findings
        ]
        for told, finding in zip(shown_as["findings"], each.findings, strict=True):
            expected = finding.allowed and {
                "reason": finding.allowed.reason,
                "until": finding.allowed.until.isoformat(),
                "line": finding.allowed.line,
            }
            assert told["allowed"] == expected
        for told, lock in zip(shown_as["locks"], each.locks, strict=True):
            assert told["held_ms"] == (
                lock.held_ms
                and {
                    "low": lock.held_ms.low,
                    "estimate": lock.held_ms.estimate,
                    "high": lock.held_ms.high,
                    "is_least": lock.held_ms.is_least,
                }
            )


@pytest.fixture
def workflow() -> dict[Any, Any]:
    yaml = pytest.importorskip("yaml")
    document = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    (job,) = workflow["jobs"].values()
    assert isinstance(job["steps"], list)
    return job["steps"]


def test_the_workflow_may_do_what_it_must_and_no_more(workflow: dict[Any, Any]) -> None:
    (job,) = workflow["jobs"].values()
    assert workflow[True] == {"pull_request": None}, "YAML 1.1 reads `on` as true"
    assert workflow["permissions"] == {}
    assert job["permissions"] == {
        "contents": "read",
        "pull-requests": "write",
        "security-events": "write",
    }
    assert workflow["concurrency"]["group"] == "review-${{ github.event.pull_request.number }}"
    checkout = steps(workflow)[0]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    with_token = [each for each in steps(workflow) if "github.token" in str(each.get("env"))]
    assert [each["run"] for each in with_token] == [".github/review-comment.sh review"]


def test_the_workflow_gives_nothing_of_a_pull_request_to_a_shell_as_code(
    workflow: dict[Any, Any],
) -> None:
    expressions = re.findall(r"\$\{\{(.*?)\}\}", WORKFLOW.read_text(encoding="utf-8"))
    assert {word for each in expressions for word in re.findall(r"github\.[\w.]+", each)} == {
        "github.base_ref",
        "github.event.pull_request.number",
        "github.token",
    }
    assert [each for each in steps(workflow) if "${{" in each.get("run", "")] == []


def test_the_workflow_publishes_whatever_the_review_says_and_then_fails_by_it(
    workflow: dict[Any, Any],
) -> None:
    names = [each.get("id") or each.get("uses") or each["run"] for each in steps(workflow)]
    review = names.index("review")
    assert "make .venv/dev" in names[:review]
    assert '--against "$BASE" --out review || code=$?' in steps(workflow)[review]["run"]
    assert all("!cancelled()" in each["if"] for each in steps(workflow)[review + 1 :])
    assert names[-1] == 'exit "${CODE:-2}"'
    (lines,) = (each for each in steps(workflow) if each.get("id") == "lines")
    assert lines["uses"].startswith("github/codeql-action/upload-sarif@")
    assert lines["continue-on-error"] is True
    assert lines["with"]["sarif_file"] == "review/review.sarif"
    (kept,) = (each for each in steps(workflow) if "upload-artifact" in each.get("uses", ""))
    assert kept["with"]["path"] == "review"


GH = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$STUB/calls"
case "$*" in
*--paginate*) [ ! -f "$STUB/unlisted" ] || exit 1; cat "$STUB"/page-* ;;
*per_page*) cat "$STUB/page-1" ;;
*)
    if [ -f "$STUB/refusal" ]; then cat "$STUB/refusal" >&2; exit 1; fi
    for each; do case $each in body=@*) cp "${each#body=@}" "$STUB/body" ;; esac; done
    ;;
esac
"""
OURS, OTHERS = "github-actions[bot]", "somebody"


class GitHub:
    """A gh that answers as GitHub would, and what it was asked.

    Args:
        place: Where it keeps what it is asked, and what a review wrote.

    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.review = place / "review"
        self.review.mkdir()
        (place / "gh").write_text(GH, encoding="utf-8")
        (place / "gh").chmod(0o755)
        self.has([])

    def has(self, *pages: list[tuple[int, str, str]]) -> None:
        for number, page in enumerate(pages, 1):
            comments = [
                {"id": id_, "user": {"login": login}, "body": body} for id_, login, body in page
            ]
            (self.place / f"page-{number}").write_text(json.dumps(comments), encoding="utf-8")

    def reviewed(self, report: Report) -> None:
        (self.review / "comment.md").write_text(markdown.comment(report), encoding="utf-8")
        (self.review / "review.json").write_text(json.dumps(report.document()), encoding="utf-8")

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = clean_environment()
        return subprocess.run(
            [SCRIPT, self.review],
            capture_output=True,
            check=False,
            env=environment
            | {
                "GITHUB_REPOSITORY": "owner/name",
                "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
                "PATH": f"{self.place}:{environment['PATH']}",
                "PR": "7",
                "STUB": str(self.place),
            },
            text=True,
            timeout=30,
        )

    def text(self, name: str) -> str:
        path = self.place / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def asked(self) -> list[str]:
        """Return what it was asked to write, without the file's name."""
        calls = self.text("calls").splitlines()
        assert calls[0] == "api --paginate repos/owner/name/issues/7/comments?per_page=100"
        return [call.partition(" -F body=@")[0] for call in calls[1:]]


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    if shutil.which("jq") is None:
        pytest.skip("no jq here")
    return GitHub(tmp_path)


POSTED = "api --method POST repos/owner/name/issues/7/comments --silent"
PATCHED = "api --method PATCH repos/owner/name/issues/comments/42 --silent"


def test_a_first_review_makes_a_comment(github: GitHub) -> None:
    github.has([(1, OTHERS, "Nice."), (2, OURS, "Another workflow's.")])
    github.reviewed(SAMPLE)
    done = github.run()
    assert done.returncode == 0, done.stderr
    assert github.asked() == [POSTED]
    assert github.text("body") == COMMENT
    assert github.text("summary") == ""


@pytest.mark.parametrize("joined", [False, True], ids=["a page a document", "one document"])
def test_a_later_review_updates_the_comment_though_it_is_on_the_second_page(
    github: GitHub, joined: bool
) -> None:
    first = [(number, OTHERS, "Nice.") for number in range(100, 200)]
    second = [(41, OTHERS, f"{MARKER}\nfaked"), (42, OURS, f"{MARKER}\nold"), (43, OURS, MARKER)]
    github.has(*([first + second] if joined else [first, second]))
    github.reviewed(SAMPLE)
    done = github.run()
    assert done.returncode == 0, done.stderr
    assert github.asked() == [PATCHED]
    assert github.text("body") == COMMENT


def test_a_review_of_nothing_updates_a_comment_and_makes_none(github: GitHub) -> None:
    github.reviewed(EMPTY)
    assert github.run().returncode == 0
    assert github.asked() == []
    github.has([(42, OURS, f"{MARKER}\nold")])
    assert github.run().returncode == 0
    assert github.text("body").endswith("No migration is new or pending.\n")


def test_a_review_that_did_not_get_to_a_report_is_no_older_one(github: GitHub) -> None:
    github.has([(42, OURS, f"{MARKER}\n# Migration review: safe to apply")])
    assert github.run().returncode == 0
    assert github.asked() == [PATCHED]
    assert github.text("body").startswith(f"{MARKER}\n# Migration review: do not apply yet: not ")


def test_a_fork_may_not_comment_and_is_told_so_without_a_failure(github: GitHub) -> None:
    refusal = "gh: Resource not accessible by integration (HTTP 403)\n"
    (github.place / "refusal").write_text(refusal, encoding="utf-8")
    github.reviewed(SAMPLE)
    done = github.run()
    assert done.returncode == 0
    assert "No comment was written" in github.text("summary")
    assert refusal in done.stderr


def test_another_error_is_one(github: GitHub) -> None:
    (github.place / "refusal").write_text("gh: Server Error (HTTP 502)\n", encoding="utf-8")
    github.reviewed(SAMPLE)
    done = github.run()
    assert done.returncode == 1
    assert "HTTP 502" in done.stderr


def test_comments_that_cannot_be_listed_are_not_doubled(github: GitHub) -> None:
    (github.place / "unlisted").touch()
    github.reviewed(SAMPLE)
    assert github.run().returncode != 0
    assert github.asked() == []


def test_the_batches_of_a_statement_are_told() -> None:
    migration = sample().migrations[2]
    batches = InBatches(5_000, 12, Range.around(100.0), 50, ("  ->  Seq Scan on tasks <b>",))
    statement = replace(migration.statements[0], batches=batches)
    report = replace(sample(), migrations=(replace(migration, statements=(statement,)),))
    text = markdown.render(report)
    assert "runs in 12 batches of 5,000 rows, each 100 ms" in text
    assert "Its plan: `Seq Scan on tasks <b>`" in text
    page = html.render(report)
    assert "<dt>In batches</dt><dd>5,000 rows each, in 100 ms" in page
    assert "Seq Scan on tasks &lt;b&gt;" in page
