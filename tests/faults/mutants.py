"""Run directories as nobody should accept them: each mutation leaves a run that must be refused.

``damage`` changes files without their hashes, as accidents do. ``forge`` edits one document or header to something
invalid and then makes every hash agree, as an attacker would; what it writes is invalid whatever its hash says.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from phoneprice.artifact.layout import MANIFEST, MANIFEST_HASH
from phoneprice.artifact.manifest import render_manifest_hash, sha256
from tests.faults.nonsense import NONSENSE, changed

Bytes = dict[str, bytes]
"""A run's files by name."""
TRAP = "open('{trap}', 'w').write('code was run')"
"""What a run tries to have executed."""


def read_run(run: Path) -> Bytes:
    """All files of a run."""
    return {entry.name: entry.read_bytes() for entry in sorted(run.iterdir())}


class Sandbox:
    """A directory that holds the original but for what the last mutation changed."""

    def __init__(self, run: Path, original: Bytes) -> None:
        self.run, self.original = run, original
        run.mkdir()
        for name in original:
            self.put(name, original[name])

    def put(self, name: str, data: bytes) -> None:
        """Write a file; a link there is replaced."""
        path = self.run / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            self._remove(path)
        path.write_bytes(data)

    def restore(self) -> None:
        """Undo everything."""
        for entry in list(self.run.iterdir()):
            if entry.name not in self.original or entry.is_symlink() or not entry.is_file():
                self._remove(entry)
        for name, data in self.original.items():
            path = self.run / name
            if not path.exists() or path.stat().st_size != len(data) or path.read_bytes() != data:
                path.write_bytes(data)

    @staticmethod
    def _remove(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def flip(box: Sandbox, chance: random.Random) -> str:
    """One bit of one file."""
    names = [name for name, data in box.original.items() if data]
    name = chance.choices(names, [len(box.original[n]) for n in names])[0] if chance.random() < 0.5 else None
    name = name or chance.choice(names)  # half by size, half by file, so that the small ones come up too
    data = bytearray(box.original[name])
    place = chance.randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
    box.put(name, bytes(data))
    return f"bit {place} of {name}"


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _extend(data: bytes, chance: random.Random) -> bytes:
    return data + chance.randbytes(chance.choice([1, 2, 100, 70_000]))


def _insert(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + chance.randbytes(chance.randrange(1, 9)) + data[place:]


def _remove(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + data[place + chance.randrange(1, 9) :]


def _noise(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randrange(1, 30)):
        found[chance.randrange(len(found))] ^= chance.randrange(1, 256)
    return bytes(found)


def _zeros(data: bytes, chance: random.Random) -> bytes:
    """A block that never reached the disk."""
    begin = chance.randrange(len(data))
    found = data[:begin] + b"\0" * len(data[begin : begin + 4096]) + data[begin + 4096 :]
    return found if found != data else data + b"\0"


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_cut, _extend, _insert, _remove, _noise, _zeros)


def damage(box: Sandbox, chance: random.Random) -> str:
    """Any accident to one file, with the hashes as they were."""
    name = chance.choice(list(box.original))
    change = chance.choice(CHANGES)
    data = change(box.original[name], chance)
    if data == box.original[name]:
        data += b"\n"
    box.put(name, data)
    return f"{change.__name__} of {name}"


def swap_entries(box: Sandbox, chance: random.Random) -> str:
    """Links, pipes, directories, missing files, files under another's name, files too many."""
    name = chance.choice(list(box.original))
    path, other = box.run / name, chance.choice([n for n in box.original if n != name])
    kind = chance.choice(["link", "absolute", "device", "pipe", "directory", "missing", "other", "added", "loop"])
    if kind == "added":
        added = chance.choice(["model.pt", "weights.pkl", "run.py", ".hidden", "\x1b[31m", "a" * 255, "手机"])
        box.put(added, b"\x80\x04.")
        return f"added {added!r}"
    path.unlink()
    match kind:
        case "link":
            path.symlink_to(other)
        case "absolute":
            path.symlink_to("/etc/passwd")
        case "device":
            path.symlink_to("/dev/zero")
        case "loop":
            path.symlink_to(name)
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "other":
            path.write_bytes(box.original[other])
    return f"{kind} for {name}"


def forge(box: Sandbox, chance: random.Random) -> str:
    """An invalid document or header, with hashes that agree."""
    files = dict(box.original)
    what = chance.choice(FORGERIES)(files, chance)
    seal(files)
    for name, data in files.items():
        if data != box.original.get(name):
            box.put(name, data)
    return what


def seal(files: Bytes) -> None:
    """Make sizes and hashes agree with the files, but in a manifest that is itself forged."""
    if files.pop("keep", None) is None:
        manifest = json.loads(files[MANIFEST])
        for name, entry in manifest["files"].items():
            entry["bytes"], entry["sha256"] = len(files[name]), sha256(files[name])
        files[MANIFEST] = json.dumps(manifest).encode()
    files[MANIFEST_HASH] = render_manifest_hash(files[MANIFEST])


def _json_text(files: Bytes, chance: random.Random) -> str:
    """Text that is no strict JSON, or not of the right kind."""
    name = chance.choice(["schema.json", "features.json", "calibration.json", "metrics.json", "splits.json", MANIFEST])
    data = files[name].decode()
    key = next(iter(json.loads(data)))
    depth = chance.choice([17, 100, 5000])
    bad = [
        "",
        "[]",
        "null",
        "1e5",
        data[:-2],
        data + "{}",
        data.replace("{", f'{{"{key}": 1, ', 1),  # twice the same key
        data.replace("{", '{"x": NaN, ', 1),
        data.replace("{", '{"x": Infinity, ', 1),
        "[" * depth + "]" * depth,
        '{"a":' * depth + "1" + "}" * depth,
        data.replace('"', "'"),
        data + "\0",
        "[" + "0," * 500_001 + "0]",
        '"' + '\\"' * 20_000,
    ]
    place = chance.randrange(len(bad))
    files[name] = bad[place].encode()
    if name == MANIFEST:
        files["keep"] = b""
    return f"JSON text {place} in {name}"


ODD: tuple[Any, ...] = ("x", -1, 1e300, [], {}, None, True, 10**30, [[]], "../x", "__import__('os')", 0.5, [1, "a"])


def _edit(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def _json_value(files: Bytes, chance: random.Random) -> str:
    """A value that no run can have in a place that matters."""
    name, path, allowed = chance.choice(PLACES)
    value = chance.choice([odd for odd in ODD if not allowed(odd)])
    document = json.loads(files[name])
    _edit(document, path, value)
    files[name] = json.dumps(document).encode()
    if name == MANIFEST:
        files["keep"] = b""
    return f"{value!r} at {path} of {name}"


def _never(_value: Any) -> bool:
    return False


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) < 1e308


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


PLACES: tuple[tuple[str, tuple[Any, ...], Callable[[Any], bool]], ...] = (
    ("schema.json", ("columns",), _never),
    ("schema.json", ("columns", 0), _never),
    ("schema.json", ("columns", 0, "kind"), _never),
    ("schema.json", ("columns", 0, "name"), _text),
    ("schema.json", ("labels",), _never),
    ("schema.json", ("target",), _never),
    ("schema.json", ("label_kind",), _never),
    ("schema.json", ("new",), _never),
    ("features.json", ("names",), _never),
    ("features.json", ("inputs",), _never),
    ("features.json", ("inputs", "shift"), _never),
    ("features.json", ("inputs", "fill", 0), _never),
    ("features.json", ("inputs", "factor", 0, 0), _number),
    ("features.json", ("target",), lambda value: value is None),
    ("features.json", ("new",), _never),
    ("calibration.json", ("temperature",), _positive),
    ("calibration.json", ("decision",), _never),
    ("calibration.json", ("costs",), lambda value: value == []),
    ("calibration.json", ("new",), _never),
    (MANIFEST, ("format_version",), _never),
    (MANIFEST, ("files",), _never),
    (MANIFEST, ("files", "config.toml"), _never),
    (MANIFEST, ("files", "../evil"), _never),
    (MANIFEST, ("files", "/etc/passwd"), _never),
    (MANIFEST, ("files", "model.pt"), _never),
    (MANIFEST, ("package_version",), _text),
    (MANIFEST, ("new",), _never),
)


def _wrong_entry(files: Bytes, chance: random.Random) -> str:
    """A size or hash in the manifest that is not the file's."""
    manifest = json.loads(files[MANIFEST])
    name = chance.choice(list(manifest["files"]))
    key = chance.choice(["bytes", "sha256"])
    odd = [10**18, -1, 0.5, None, manifest["files"][name]["bytes"] + 1, "0" * 64, "x", 2**63]
    manifest["files"][name][key] = value = chance.choice(odd)
    files[MANIFEST], files["keep"] = json.dumps(manifest).encode(), b""
    return f"{key} = {value!r} of {name}"


def _config(files: Bytes, chance: random.Random) -> str:
    """A configuration that is none, or asks for another network."""
    lines = files["config.toml"].decode()
    bad = [
        "x = 1\n" + lines,
        lines + "\n[evil]\ncode = 'x'\n",
        "[model]\nhidden = [99999999]",
        "a = " + "[" * 9999,
        "\xff",
        lines.replace('name = "', 'name = "os.system', 1),
        lines.replace("hidden = [4]", "hidden = [5]"),
        lines.replace("hidden = [4]", f"hidden = {[65536] * 64}"),
        lines.replace("hidden = [4]", "hidden = [4, 4]"),
        lines.replace("folds = 2", "folds = 1"),
        lines.replace("skip = true", "skip = false"),
        lines.replace('target = "price_range"', 'target = "ram"'),
        lines + "\0",
    ]
    place = chance.randrange(len(bad))
    assert bad[place] != lines
    files["config.toml"] = bad[place].encode("latin-1" if bad[place] == "\xff" else "utf-8")
    return f"configuration {place}"


TENSOR_LIES = ("length", "drop", "add", "dtype", "shape", "offsets", "nan", "rename", "pickle", "pad", "swap")


def _tensors(files: Bytes, chance: random.Random) -> str:
    """A safetensors file whose header lies, or whose weights are not finite."""
    data = files["model.safetensors"]
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    name = chance.choice(list(header))
    entry = header[name]
    kind = chance.choice(TENSOR_LIES)
    match kind:
        case "drop":
            del header[name]
        case "add":
            header["__metadata__"] = {"code": "x"}
        case "dtype":
            entry["dtype"] = chance.choice(["F64", "F16", "I32", "BF16", "O", None, 4])
        case "shape":
            own = entry["shape"]
            entry["shape"] = chance.choice([[], [1], [2**62, 4], [-1, *own], [*own, 1], None, "4"])
        case "offsets":
            begin, end = entry["data_offsets"]
            odd = [[begin, end + 4], [begin - 4, end], [0, 2**63], [end, begin], [begin], [0.0, 4.0], None, [-4, end]]
            entry["data_offsets"] = chance.choice(odd)
        case "nan":
            begin = entry["data_offsets"][0]
            bad = chance.choice([b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff"])
            body = body[:begin] + bad + body[begin + 4 :]
        case "rename":
            header[chance.choice(["../x", "", "a" * 9999, "skip.weight2"])] = header.pop(name)
        case "pickle":
            files["model.safetensors"] = b"\x80\x04\x95" + data[3:]
            return kind
        case "swap":
            # Two tensors of one size but another shape would be other weights; of another size the offsets clash.
            header[name] = {**entry, "data_offsets": [entry["data_offsets"][1], entry["data_offsets"][1]]}
    text = json.dumps(header).encode() + (b" " * (1 << 20) if kind == "pad" else b"")
    size = chance.choice([0, 1, 2**31, 2**63, 2**64 - 1, len(text) + 1]) if kind == "length" else len(text)
    files["model.safetensors"] = size.to_bytes(8, "little") + text + body
    return f"{kind} of tensor {name}"


def _history(files: Bytes, chance: random.Random) -> str:
    bad = [b"[]\n", b"{}\n{\n", b"1\n", b'{"a": NaN}\n', b"\xff\n", b'{"a":1,"a":2}\n']
    files["history.jsonl"] = chance.choice(bad)
    return "history"


def _document(files: Bytes, chance: random.Random) -> str:
    """A document that says nonsense."""
    name = chance.choice(list(NONSENSE))
    what = chance.choice(list(NONSENSE[name]))
    files[name] = changed(name, files[name], NONSENSE[name][what])
    return f"{what} in {name}"


FORGERIES = (_json_text, _json_value, _json_value, _wrong_entry, _config, _tensors, _tensors, _history, _document)
MUTATIONS = (flip, damage, swap_entries, forge, forge)
