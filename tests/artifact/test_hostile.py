"""Runs from somewhere else: the table "A run directory from somewhere else" of docs/faults.md."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from phoneprice.artifact import strict_json
from phoneprice.artifact.layout import LISTED, MANIFEST, MANIFEST_HASH
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.manifest import render_manifest_hash, sha256
from phoneprice.config.schema import Config, Recipe
from phoneprice.errors import ModelError
from tests.random_runs import NOTHING_HELD_OUT, names, random_contents, write_run

DAMAGED = "the run is damaged, use another copy of it"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "run"
    write_run(path, random_contents())
    return path


@pytest.fixture
def run(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


def reseal(run):
    """Make manifest and hash agree with the files again, as a forger would."""
    manifest = json.loads((run / MANIFEST).read_bytes())
    for name in manifest["files"]:
        data = (run / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": sha256(data)}
    set_manifest(run, manifest)


def set_manifest(run, manifest):
    data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    (run / MANIFEST).write_bytes(data)
    (run / MANIFEST_HASH).write_bytes(render_manifest_hash(data))


def edit(run, name, change):
    document = json.loads((run / name).read_bytes())
    change(document)
    (run / name).write_text(json.dumps(document))
    reseal(run)


def refusal(run, load=load_run):
    with pytest.raises(ModelError) as caught:
        load(run)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{run}/").removeprefix(f"{run}: ")


@pytest.mark.parametrize("name", [*LISTED, MANIFEST, MANIFEST_HASH])
def test_any_changed_byte_is_noticed(run, name):
    random = np.random.default_rng(1)
    data = (run / name).read_bytes()
    for place in random.integers(0, len(data), 20):
        changed = bytearray(data)
        changed[place] ^= 1 << int(random.integers(8))
        (run / name).write_bytes(changed)
        assert refusal(run, verify_run)
    (run / name).write_bytes(data)
    verify_run(run)


@pytest.mark.parametrize("name", LISTED)
def test_cut_short_missing_or_changed_is_named(run, name):
    data = (run / name).read_bytes()
    (run / name).write_bytes(data[:-1])
    assert refusal(run) == f"{name}: found {len(data) - 1} bytes, expected {len(data)}; {DAMAGED}"
    (run / name).unlink()
    assert refusal(run) == f"{name}: missing; {DAMAGED}"
    (run / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert refusal(run, verify_run) == f"{name}: its SHA-256 is not the one listed; {DAMAGED}"


@pytest.mark.parametrize("name", ["model.pt", "weights.pkl", "evil.py", ".hidden"])
def test_anything_added_is_refused(run, name):
    (run / name).write_bytes(b"\x80\x04.")
    assert refusal(run) == f"{name}: no file of a run; nothing in a run may be added, {DAMAGED}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2J\n价", r"a\x1b[2J\n价"),
        ("\x01'", r"\x01'"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("\x01" * 21, r"\x01" * 19 + r"\x0…"),
    ],
)
def test_names_of_strangers_are_printable_and_short(run, name, shown):
    (run / name).write_bytes(b"")
    assert refusal(run) == f"{shown}: no file of a run; nothing in a run may be added, {DAMAGED}"


def test_a_file_that_the_disk_does_not_give_is_named(run, monkeypatch):
    real = os.open

    def broken(path, *args, **options):
        if path == "config.toml":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", broken)
    assert refusal(run, verify_run) == "config.toml: can't be read: input/output error"


def test_a_refusal_leaves_nothing_open(run):
    (run / "added").write_bytes(b"")
    before = names(Path("/dev/fd"))
    refusal(run)
    assert names(Path("/dev/fd")) == before


def test_a_known_name_that_is_not_listed_is_refused(tmp_path):
    run = tmp_path / "run"
    write_run(run, random_contents(NOTHING_HELD_OUT))
    (run / "oof.parquet").write_bytes(b"")
    assert refusal(run) == f"oof.parquet: not listed in the manifest; nothing in a run may be added, {DAMAGED}"


def test_no_run(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "none") == "no such run; 'phoneprice runs list' shows those there are"
    assert refusal(tmp_path / "file") == "is a file, a run is a directory; name a directory that train has written"
    assert refusal(tmp_path / "empty") == "no run: manifest.json is missing; name a directory that train has written"
    assert refusal("a\0b") == "a\\x00b: can't be read: embedded null byte"


@pytest.mark.parametrize("name", [MANIFEST, MANIFEST_HASH, "config.toml", "model.safetensors", "metrics.json"])
@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "device"])
def test_only_regular_files_are_opened(run, name, kind, tmp_path):
    (run / name).rename(tmp_path / "outside")
    match kind:
        case "link":
            (run / name).symlink_to(tmp_path / "outside")
        case "pipe":
            os.mkfifo(run / name)
        case "directory":
            (run / name).mkdir()
        case "device":
            (run / name).symlink_to("/dev/zero")
    expected = f"{name}: not a regular file; links and devices are never followed, {DAMAGED}"
    assert refusal(run) == expected
    assert refusal(run, verify_run) == expected


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "model.pt", "a/b", ""])
def test_names_come_from_the_program_only(run, name):
    manifest = json.loads((run / MANIFEST).read_bytes())
    manifest["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    set_manifest(run, manifest)
    assert refusal(run) == f"manifest.json: found file {name!r}, which is no file of a run; {DAMAGED}"


def test_a_newer_format_is_said_to_be_newer(run):
    set_manifest(run, {"format_version": 2, "shards": []})
    (run / "shard-1.safetensors").touch()
    assert refusal(run) == (
        "manifest.json: found format_version 2, this program reads up to 1; "
        "update it with pip install --upgrade phoneprice"
    )


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None, [1]])
def test_odd_format_versions(run, version):
    set_manifest(run, {"format_version": version})
    assert refusal(run) == f"manifest.json: found format_version {version!r}, expected 1; {DAMAGED}"


def _manifest(**changes):
    return lambda manifest: manifest.update(changes)


def _entry(**changes):
    return lambda manifest: manifest["files"]["config.toml"].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_manifest(extra=1), "not valid: unknown key 'extra'"),
        (lambda manifest: manifest.pop("created"), "not valid: missing key 'created'"),
        (_manifest(created=5), "expected texts and an object of files"),
        (_manifest(files=[]), "expected texts and an object of files"),
        (lambda manifest: manifest["files"].pop("config.toml"), "file 'config.toml' is not listed"),
        (_entry(bytes=10**15), "found 1000000000000000 bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(bytes=2**20 + 1), "found 1048577 bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(bytes=-1), "found -1 bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(bytes=1.5), "found 1.5 bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(bytes="1" * 78), f"found '{'1' * 78}' bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(bytes="1" * 79), f"found '{'1' * 78}… bytes for 'config.toml', allowed are 0 to 1048576"),
        (_entry(sha256="x"), "found sha256 'x' for 'config.toml', expected 64 hexadecimal digits"),
        (_entry(link="x"), "expected bytes and sha256 for 'config.toml'"),
    ],
)
def test_odd_manifests(run, change, message):
    manifest = json.loads((run / MANIFEST).read_bytes())
    change(manifest)
    set_manifest(run, manifest)
    assert refusal(run) == f"manifest.json: {message}; {DAMAGED}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 20_000, "nested deeper than 16 levels"),
        (b'{"a":' * 5_000, "nested deeper than 16 levels"),
        (b'{"format_version": 1, "format_version": 2}', "key 'format_version' twice"),
        (b'{"files": 1, "format_version": 1, "format_version": 2}', "key 'format_version' twice"),
        (b'{"format_version": NaN}', "NaN is not JSON"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b'"\\', "Unterminated string starting at: line 1 column 1 (char 0)"),
    ],
)
def test_json_that_is_no_strict_json(run, data, reason):
    set_manifest(run, data)
    assert refusal(run) == f"manifest.json: not valid: {reason}; {DAMAGED}"


def test_a_huge_manifest_is_not_read(run):
    set_manifest(run, b" " * 65_537)
    assert refusal(run) == f"manifest.json: found more than 65536 bytes; {DAMAGED}"


def test_structure_is_checked_before_parsing():
    with pytest.raises(ModelError, match=r"x: not valid: more than 500000 values; "):
        strict_json.parse(b"[" + b"0," * 500_001 + b"0]", "x")
    assert strict_json.parse(b'["[[[[[[[[[[[[[[[[[[[[[[[[", "\\"[[[[[[[[[[[[[[[[[[[["]', "x")


@pytest.mark.parametrize(("size", "allowed"), [(0, True), (2**20, True), (2**20 + 1, False)])
def test_sizes_up_to_the_limit_may_be_listed(run, size, *, allowed):
    manifest = json.loads((run / MANIFEST).read_bytes())
    manifest["files"]["config.toml"]["bytes"] = size
    set_manifest(run, manifest)
    assert refusal(run).startswith("config.toml: found " if allowed else "manifest.json: found ")


def test_limits_are_those_given():
    deepest = b"[" * strict_json.MAX_DEPTH + b"]" * strict_json.MAX_DEPTH
    assert strict_json.parse(deepest, "x")
    with pytest.raises(ModelError, match="nested deeper than 16 levels"):
        strict_json.parse(b"[" + deepest + b"]", "x")
    assert strict_json.parse(b"[1, 2, 3]", "x", max_values=3) == [1, 2, 3]
    for data in (b"[1, 2, 3]", b'{"a": [{}]}', b'{"a": 1, "b": 2, "c": 3}'):
        with pytest.raises(ModelError, match="more than 2 values"):
            strict_json.parse_object(data, "x", frozenset("abc"), max_values=2)


@pytest.mark.parametrize("render", [strict_json.render, strict_json.render_line])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_not_written(render, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        render({"a": [value]})


@pytest.mark.parametrize("length", [186, 187, 188, 10_000])
def test_reasons_are_cut_short(length):
    reason = f"unknown key '{'k' * length}'"
    shown = reason if len(reason) <= 200 else f"{reason[:199]}…"
    with pytest.raises(ModelError) as caught:
        strict_json.parse_object(json.dumps({"k" * length: 1}).encode(), "x", frozenset())
    assert str(caught.value) == f"x: not valid: {shown}; {DAMAGED}"


def test_documents_are_indented_and_lines_are_not():
    assert strict_json.render({"价": [1.5]}) == '{\n "价": [\n  1.5\n ]\n}\n'.encode()
    assert strict_json.render_line({"价": [1.5]}) == '{"价": [1.5]}\n'.encode()


def test_a_long_string_of_escapes_takes_no_time():
    with pytest.raises(ModelError, match="Unterminated string"):
        strict_json.parse(b'"' + b'\\"' * 1_000_000, "x")


@pytest.mark.parametrize(
    "line", ["[model]\nhidden = [32", "x = 1", "[model]\nhidden = [99999999]", "a = " + "[" * 9999]
)
def test_odd_configurations(run, line):
    (run / "config.toml").write_text(line)
    reseal(run)
    message = refusal(run)
    assert message.startswith("config.toml: not valid: ")
    assert message.endswith(DAMAGED)


def test_huge_layers_are_refused_before_anything_is_allocated(run):
    text = (run / "config.toml").read_text()
    assert "hidden = [32]" in text
    (run / "config.toml").write_text(text.replace("hidden = [32]", f"hidden = {[65536] * 64}"))
    reseal(run)
    size = (run / "model.safetensors").stat().st_size
    assert refusal(run) == f"model.safetensors: {size} bytes don't fit the network of config.toml; {DAMAGED}"


def test_schema_and_configuration_must_agree(run):
    edit(run, "schema.json", lambda schema: schema.update(target="other"))
    assert refusal(run) == (
        "schema.json: not valid: target and labels are not those of a ordinal task on 'price_range'; " + DAMAGED
    )


def test_unknown_schema_keys(run):
    edit(run, "schema.json", lambda schema: schema.update(code="print()"))
    assert refusal(run) == f"schema.json: not valid: code: Extra inputs are not permitted; {DAMAGED}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.update(names=["a"]), "its inputs are not those of schema.json"),
        (lambda f: f["inputs"].pop("fill"), "expected an object of factor, fill, shift"),
        (lambda f: f["inputs"].update(shift=[]), "found 0 members, expected 1 to 5"),
        (lambda f: f["inputs"].update(shift=[[0.0] * 6] * 6), "found 6 members, expected 1 to 5"),
        (lambda f: f["inputs"].update(fill=[[0.0] * 6] * 2), "expected finite numbers of shape [3, 6]"),
        (lambda f: f["inputs"]["fill"].__setitem__(0, ["0"] * 6), "expected finite numbers of shape [3, 6]"),
        (lambda f: f["inputs"]["fill"].__setitem__(0, [True] * 6), "expected finite numbers of shape [3, 6]"),
        (lambda f: f["inputs"]["fill"].__setitem__(0, [10**400] * 6), "expected finite numbers of shape [3, 6]"),
        (
            lambda f: f.update(target={"shift": [0, 0, 0], "scale": [1, 1, 1]}),
            "target statistics are for regression, and needed there",
        ),
    ],
)
def test_odd_statistics(run, change, reason):
    edit(run, "features.json", change)
    assert refusal(run) == f"features.json: not valid: {reason}; {DAMAGED}"


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        (np.array([0.0, 1.0, 0.5]), "holds edges that fall"),
        (np.array([0.0, 1.0, np.inf]), "holds NaN or infinity"),
        (np.array([0.0, np.nan, 1.0]), "holds NaN or infinity"),
        (np.zeros((3, 3, 6)), "is not F32 of shape [3, 6, 3], as config.toml and schema.json ask"),
    ],
)
def test_odd_edges(tmp_path, edges, reason):
    config = Config.model_validate({"model": {"encoding": {"name": "piecewise_linear", "bins": 2}}})
    write_run(tmp_path / "run", random_contents(config))
    file = tmp_path / "run" / "model.safetensors"
    odd = edges if edges.ndim == 3 else np.broadcast_to(edges, (3, 6, 3))
    file.write_bytes(save(load(file.read_bytes()) | {"encoding.edges": np.ascontiguousarray(odd, np.float32)}))
    reseal(tmp_path / "run")
    assert refusal(tmp_path / "run") == f"model.safetensors: tensor 'encoding.edges' {reason}; {DAMAGED}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"temperature": 0}, "temperature is not a number from 0.05 to 20"),
        ({"temperature": "1"}, "temperature is not a number from 0.05 to 20"),
        ({"threshold": 0.5}, "threshold is not a probability of a binary task"),
        ({"decision": "coin"}, "decision is none of argmax, median, expected_cost"),
        ({"costs": [[1.0]]}, "expected finite numbers of shape [4, 4]"),
        ({"extra": 1}, "unknown key 'extra'"),
    ],
)
def test_odd_calibrations(run, changes, reason):
    edit(run, "calibration.json", lambda document: document.update(changes))
    assert refusal(run) == f"calibration.json: not valid: {reason}; {DAMAGED}"


@pytest.fixture
def portfolio(tmp_path):
    """A run of two recipes, which count the same."""
    write_run(tmp_path / "portfolio", random_contents(Config(portfolio=(Recipe(name="one"), Recipe(name="two")))))
    return tmp_path / "portfolio"


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({}, "weights are not those of recipes among one, two, in this order"),
        ([0.5, 0.5], "weights are not those of recipes among one, two, in this order"),
        ({"two": 0.5, "one": 0.5}, "weights are not those of recipes among one, two, in this order"),
        ({"one": 0.5, "three": 0.5}, "weights are not those of recipes among one, two, in this order"),
        ({"one": 0.5, "two": "0.5"}, "a weight is not a number above 0, and 1 at most"),
        ({"one": 1.5, "two": -0.5}, "a weight is not a number above 0, and 1 at most"),
        ({"one": 1.0, "two": 0.0}, "a weight is not a number above 0, and 1 at most"),
        ({"one": True, "two": 0.5}, "a weight is not a number above 0, and 1 at most"),
        ({"one": 0.5, "two": 0.4}, "the weights of the recipes are not 1 together"),
    ],
    ids=str,
)
def test_odd_weights_of_recipes(portfolio, weights, reason):
    edit(portfolio, "calibration.json", lambda document: document.update({"weights": weights}))
    assert refusal(portfolio) == f"calibration.json: not valid: {reason}; {DAMAGED}"


def test_a_recipe_without_its_networks(portfolio):
    edit(portfolio, "calibration.json", lambda document: document.update({"weights": {"one": 1.0}}))
    assert refusal(portfolio) == f"model.safetensors: the header's length doesn't fit the size of the file; {DAMAGED}"


def test_weights_are_for_portfolios(run, portfolio):
    edit(run, "calibration.json", lambda document: document.update({"weights": {"one": 1.0}}))
    edit(portfolio, "calibration.json", lambda document: document.pop("weights"))
    for path in (run, portfolio):
        assert refusal(path).startswith("calibration.json: ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.pop("portfolio"), "portfolio has other recipes than config.toml"),
        (lambda d: d["portfolio"].reverse(), "portfolio has other recipes than config.toml"),
        (lambda d: d["portfolio"][0].update(weight=0.25), "portfolio has other weights than calibration.json"),
        (lambda d: d["members"][0].pop("recipe"), "members are of other recipes than the networks"),
        (lambda d: d["members"][0].update(recipe="two"), "members are of other recipes than the networks"),
    ],
)
def test_metrics_of_other_recipes(portfolio, change, reason):
    edit(portfolio, "metrics.json", change)
    assert refusal(portfolio, verify_run) == f"metrics.json: not valid: {reason}; {DAMAGED}"


@pytest.mark.parametrize("key", ["metrics", "ours_minus_theirs"])
@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_a_baseline_without_the_metrics_that_are_compared(run, key, metric):
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    figures = {"accuracy": interval, "log_loss": interval}
    baseline = {"metrics": dict(figures), "ours_minus_theirs": dict(figures)}
    edit(run, "metrics.json", lambda document: document.update(baselines={"logistic regression": baseline}))
    verify_run(run)
    del baseline[key][metric]
    edit(run, "metrics.json", lambda document: document.update(baselines={"logistic regression": baseline}))
    assert refusal(run, verify_run) == f"metrics.json: not valid: metric '{metric}' is missing; {DAMAGED}"


def _header(run):
    data = (run / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def _set_header(run, header, tensors, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    (run / "model.safetensors").write_bytes(size.to_bytes(8, "little") + text + tensors)
    reseal(run)


def _first(entry):
    return lambda header: header["skip.weight"].update(entry)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h: h.pop("skip.weight"), "not valid: missing key 'skip.weight'"),
        (lambda h: h.update({"__metadata__": {}}), "not valid: unknown key '__metadata__'"),
        (lambda h: h.update({"skip.weight": 5}), "tensor 'skip.weight' has no valid entry in the header"),
        (_first({"data_offsets": [0]}), "tensor 'skip.weight' has no valid entry in the header"),
        (_first({"data_offsets": [0.0, 1.0]}), "tensor 'skip.weight' has no valid entry in the header"),
        (_first({"data_offsets": [-8, 64]}), "tensors overlap or leave gaps"),
        (_first({"data_offsets": [0, 10**18]}), "tensors overlap or leave gaps"),
        (
            _first({"dtype": "F64"}),
            "tensor 'skip.weight' is not F32 of shape [3, 6, 1], as config.toml and schema.json ask",
        ),
        (
            _first({"shape": [3, 1, 6]}),
            "tensor 'skip.weight' is not F32 of shape [3, 6, 1], as config.toml and schema.json ask",
        ),
    ],
)
def test_odd_weight_headers(run, change, reason):
    header, tensors = _header(run)
    change(header)
    _set_header(run, header, tensors)
    assert refusal(run) == f"model.safetensors: {reason}; {DAMAGED}"


@pytest.mark.parametrize("length", [0, 5, 2**63, 2**64 - 1])
def test_header_lengths_that_do_not_fit(run, length):
    header, tensors = _header(run)
    _set_header(run, header, tensors, length)
    assert refusal(run) == f"model.safetensors: the header's length doesn't fit the size of the file; {DAMAGED}"


def test_a_huge_header(run):
    header, tensors = _header(run)
    _set_header(run, json.dumps(header).encode() + b" " * (1 << 20), tensors)
    assert "don't fit the network of config.toml" in refusal(run)


def test_tensors_may_be_listed_in_any_order(run):
    before = load_run(run).recipes[0].ensemble.parameters
    header, tensors = _header(run)
    for names_in_order in (sorted(header), sorted(header, reverse=True)):
        _set_header(run, {name: header[name] for name in names_in_order}, tensors)
        after = load_run(run).recipes[0].ensemble.parameters
        assert list(after) == list(before)
        assert all(np.array_equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(run, value):
    header, tensors = _header(run)
    tensors = bytearray(tensors)
    begin = header["cuts.first"]["data_offsets"][0]
    tensors[begin : begin + 4] = np.float32(value).tobytes()
    _set_header(run, header, bytes(tensors))
    assert refusal(run) == f"model.safetensors: tensor 'cuts.first' holds NaN or infinity; {DAMAGED}"


@pytest.mark.parametrize(
    ("name", "data"), [("metrics.json", b"[]"), ("history.jsonl", b"1\n"), ("history.jsonl", b"{}\n{\n")]
)
def test_the_other_documents_are_checked_when_read(run, name, data):
    (run / name).write_bytes(data)
    reseal(run)
    load_run(run)
    assert refusal(run, verify_run).startswith(name)
