"""The wheel and the source distribution: what is in them."""
import os
import pathlib
import re
import subprocess
import tarfile
import zipfile

FOLDER = pathlib.Path(os.environ["COFIBER_DISTRIBUTIONS"])


def test_the_wheel_has_the_library_and_says_for_which_machine():
    (wheel,) = FOLDER.glob("*.whl")
    assert wheel.name.startswith("cofiber-") and "-py3-none-linux_" in wheel.name
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"model.py", "cofiber/__init__.py", "cofiber/py.typed", "cofiber/libcofiber.so"} <= names
    assert not any(name.startswith("tests") for name in names)


def test_the_source_distribution_can_build_the_library(tmp_path):
    (archive,) = FOLDER.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path)
    (root,) = tmp_path.iterdir()
    assert (root / "cofiber" / "py.typed").exists() and (root / "source" / "include" / "cofiber.h").exists()
    # Every source of the repository's library is there, with all that it includes.
    plan = subprocess.run(["make", "-n", "SETUP=no", f"BUILD={tmp_path}/b", f"{tmp_path}/b/libcofiber.so"],
                          cwd=root / "source", capture_output=True, text=True)  # fmt: skip
    assert plan.returncode == 0, plan.stderr
    sources = {word for word in plan.stdout.split() if word.endswith(".c") and not word.endswith("pb-c.c")}
    assert len(sources) > 100
    repository = pathlib.Path(__file__).resolve().parents[2]
    compiled = subprocess.run(["make", "-n", "SETUP=no", f"BUILD={tmp_path}/c", f"{tmp_path}/c/libcofiber.so"],
                              cwd=repository, capture_output=True, text=True)  # fmt: skip
    assert sources == {word for word in compiled.stdout.split() if word.endswith(".c") and "pb-c.c" not in word}
    # Whatever a macro's argument names as built in, such as the accelerator's Verilog, stands in one of their folders.
    for room in {source.split("/")[0] for source in sources}:
        for path in (repository / room).rglob("*"):
            assert path.is_dir() or path.parent.name == "__pycache__" or (
                root / "source" / path.relative_to(repository)).exists(), path  # fmt: skip
    for source in sources:
        # What is built into it is named in a string.
        for word in re.findall(r'"(?:[.]incbin .")?([a-z_]+/[A-Za-z0-9_/.]+)', (root / "source" / source).read_text()):
            assert not (repository / word).is_file() or (root / "source" / word).exists(), (source, word)
        includes = subprocess.run(["gcc", "-MM", "-MG", "-I.", "-Iinclude", source], cwd=root / "source",
                                  capture_output=True, text=True)  # fmt: skip
        for word in includes.stdout.replace("\\\n", " ").split()[1:]:
            assert (root / "source" / word).exists() or "pb-c.h" in word, (source, word)
