"""The action and the workflows: sound by their schemas, and their steps do what they say."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gallery.cli.main import parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def schema_check(schema: str, *arguments: object) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_follow_their_schemas() -> None:
    schema_check("github-workflows", *WORKFLOWS)
    schema_check("github-actions", ROOT / "action.yml")
    schema_check("gitlab-ci", "--data-transform", "gitlab-ci", ROOT / ".gitlab-ci.yml")


def test_what_the_readme_shows_follows_the_schema(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", README, re.S)
    assert len(blocks) == 3
    for number, block in enumerate(blocks):
        value = yaml.safe_load(block)
        if isinstance(value, list):
            value = {"jobs": {"build": {"runs-on": "ubuntu-latest", "steps": value}}}
        path = tmp_path / f"{number}.yml"
        path.write_text(yaml.safe_dump({"on": "push", **value}))
        schema_check("github-workflows", path)


def scripts(value: Any) -> list[str]:
    """Every shell script of a workflow."""
    if isinstance(value, dict):
        own = value.get("run", value.get("script", []))
        found = [own] if isinstance(own, str) else list(own) if isinstance(own, list) else []
        return found + [one for part in value.values() for one in scripts(part)]
    if isinstance(value, list):
        return [one for part in value for one in scripts(part)]
    return []


def every_script() -> list[str]:
    files = [*WORKFLOWS, ROOT / "action.yml", ROOT / ".gitlab-ci.yml"]
    found = [one for path in files for one in scripts(yaml.safe_load(path.read_text("utf-8")))]
    for block in re.findall(r"```yaml\n(.*?)```", README, re.S):
        found += scripts(yaml.safe_load(block))
    return found


@pytest.mark.parametrize("script", every_script())
def test_scripts_are_sound(script: str) -> None:
    """They are bash, and call this program as it wants to be called; inputs come by environment."""
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "${{" not in script
    for line in re.findall(r"^gallery .*", script, re.M):
        words = [word for word in shlex.split(line.rstrip("|")) if word != "${options[@]}"]
        parser().parse_args(words[1:])


def run_step(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as the runner does; its outputs are lines of the file `outputs`."""
    inputs = {key: one["default"] for key, one in ACTION["inputs"].items()}
    (step,) = (one for one in ACTION["runs"]["steps"] if one.get("name") == name)
    given = {
        key: re.sub(r"\$\{\{ inputs\.(\S+) }}", lambda found: inputs[found[1]], text)
        for key, text in step["env"].items()
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    summary = str(folder / "summary.md")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={
            **os.environ,
            "PATH": path,
            "GITHUB_STEP_SUMMARY": summary,
            "GITHUB_OUTPUT": str(folder / "outputs"),
            **given,
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_builds_and_checks(made_models: Path, tmp_path: Path) -> None:
    assert made_models == tmp_path / "models"
    built = run_step("Build the site", tmp_path)
    assert built.returncode == 0, built.stderr
    assert "2 built" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / ".cache" / "gallery").is_dir()
    checked = run_step("Check the site", tmp_path)
    assert "0 problems" in checked.stdout, checked.stderr


def test_the_action_fails_with_a_model_unless_it_is_told_to_go_on(
    made_models: Path, tmp_path: Path
) -> None:
    (made_models / "bad.onnx").write_text("no model")
    assert run_step("Build the site", tmp_path).returncode == 1
    assert run_step("Build the site", tmp_path, TOLERATE="true").returncode == 0
    wrong = run_step("Build the site", tmp_path, TOLERATE="true", MODELS="none")
    assert wrong.returncode != 0, "wrong usage is never tolerated"
    parted = run_step("Build the site", tmp_path, OPTIONS="--shard 1/2 --jobs 1", SITE="part")
    assert (tmp_path / "part" / "shard.json").is_file(), parted.stderr


def output(folder: Path) -> str:
    """The value of the only output that a step has set, or ""; the next step starts anew."""
    path = folder / "outputs"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    assert len(lines) < 2
    return lines[0].partition("=")[2] if lines else ""


def step(name: str) -> dict[str, Any]:
    (found,) = (one for one in ACTION["runs"]["steps"] if one.get("name") == name)
    return dict(found)


def part_of(folder: Path, options: str, site: str = "site") -> str:
    inputs = f"models {site} {options}"
    done = run_step("Name this part of the cache", folder, JOB="gallery-Linux-part", INPUTS=inputs)
    assert done.returncode == 0, done.stderr
    return output(folder)


def test_each_job_of_a_matrix_has_a_cache_of_its_own(tmp_path: Path) -> None:
    env = step("Name this part of the cache")["env"]
    assert all(f"inputs.{name}" in env["INPUTS"] for name in ("models", "site", "options"))
    keys = [part_of(tmp_path, f"--shard {number}/4") for number in (1, 2, 3, 4)]
    assert len(set(keys)) == 4
    assert part_of(tmp_path, "--shard 1/4") == keys[0]
    assert all(re.fullmatch("gallery-Linux-part-[0-9a-f]{12}", key) for key in keys)
    hostile = part_of(tmp_path, "--rule 'a,b=#ffffff' $(exit 3)\n\"")
    assert re.fullmatch("gallery-Linux-part-[0-9a-f]{12}", hostile)
    restored = step("Restore the cache")["with"]
    assert restored["restore-keys"].splitlines()[0] == "${{ steps.part.outputs.key }}-"
    assert restored["key"].startswith("${{ steps.part.outputs.key }}-")


def test_what_was_built_is_kept_even_if_a_model_fails(made_models: Path, tmp_path: Path) -> None:
    (made_models / "bad.onnx").write_text("no model")
    part = part_of(tmp_path, "")
    results = (tmp_path / ".cache").rename(tmp_path / "results")
    before = run_step("Name the content of the cache", tmp_path, PART=part)
    assert (before.returncode, output(tmp_path)) == (0, ""), "there is nothing to save"
    results.rename(tmp_path / ".cache")
    assert run_step("Build the site", tmp_path).returncode == 1
    found = []
    for _ in range(2):
        done = run_step("Name the content of the cache", tmp_path, PART=part)
        assert done.returncode == 0, done.stderr
        found.append(output(tmp_path))
    assert found[0] == found[1] != ""
    assert found[0].startswith(part + "-")
    (made_models / "first.md").write_text("---\nvertices: 50\n---\n")
    run_step("Build the site", tmp_path)
    run_step("Name the content of the cache", tmp_path, PART=part)
    assert output(tmp_path) not in ("", found[0]), "more was built, under another key"
    unnamed = run_step("Name the content of the cache", tmp_path, PART="")
    assert (unnamed.returncode, output(tmp_path)) == (0, ""), "the first step did not run"
    names = [one.get("name") for one in ACTION["runs"]["steps"]]
    saved = names.index("Save the cache")
    assert names.index("Build the site") < saved < names.index("Check the site")
    for name in ("Name the content of the cache", "Save the cache"):
        assert step(name)["if"].startswith("always() && ")
    uses = {str(one.get("uses", "")).partition("@")[0] for one in ACTION["runs"]["steps"]}
    assert {"actions/cache/restore", "actions/cache/save"} < uses
    assert "actions/cache" not in uses
    gitlab = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))["gallery"]["cache"]
    assert gitlab["when"] == "always"
    assert "$CI_NODE_INDEX" in gitlab["key"]


def test_the_digest_that_is_attested_is_that_of_the_list(made_models: Path, tmp_path: Path) -> None:
    assert run_step("Build the site", tmp_path).returncode == 0
    done = run_step("Digest the list of the site's files", tmp_path)
    assert done.returncode == 0, done.stderr
    sums = (tmp_path / "site" / "SHA256SUMS").read_bytes()
    assert output(tmp_path) == f"sha256:{hashlib.sha256(sums).hexdigest()}"
    pages = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text("utf-8"))
    build, deploy = pages["jobs"]["build"], pages["jobs"]["deploy"]
    assert build["outputs"]["digest"] == "${{ steps.gallery.outputs.digest }}"
    (gallery,) = (one for one in build["steps"] if one.get("id") == "gallery")
    assert gallery["uses"] == "./"
    (attest,) = (one for one in deploy["steps"] if one["uses"].startswith("actions/attest@"))
    assert attest["with"]["subject-digest"] == "${{ needs.build.outputs.digest }}"
    assert {"id-token", "attestations"} <= deploy["permissions"].keys()
    assert "permissions" not in build, "the job that reads models must not be able to sign"
    assert pages["permissions"] == {"contents": "read"}


def test_only_what_was_tested_is_published_and_nothing_runs_where_it_is_signed() -> None:
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    jobs = release["jobs"]
    publish, test = jobs["publish"], jobs["test"]
    assert (publish["needs"], test["needs"]) == ("test", "build")
    assert "ref_type == 'tag'" in publish["if"]
    assert publish["permissions"] == {"id-token": "write", "attestations": "write"}
    assert not scripts(publish), "the job that can publish must run nothing of the package"
    assert "secrets." not in str(release)
    assert release["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for name, job in jobs.items() if name != "publish")
    matrix = test["strategy"]["matrix"]
    assert len(matrix["os"]) * len(matrix["python-version"]) == 12
    # In this folder, `python -m build` is not the builder.
    assert "pyproject-build" in scripts(jobs["build"])
