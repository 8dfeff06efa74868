"""NIR files are HDF5 from anywhere: what reaches beyond the file or expands without bound is refused."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.errors import DataError, FileError, HwdesignError, LimitError, UnsupportedError
from hwdesign.sfq.network.nir_file import MAX_BYTES, MAX_OBJECTS, MAX_TEXT, MAX_TEXTS, read_graph
from tests.sfq.network.test_nir import _file, _lif, nir


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = _file(tmp_path_factory.mktemp("nir") / "a.nir", nir.Linear(np.ones((1, 2))), _lif(1, 1.3), inputs=2)
    assert set(read_graph(path).nodes) == {"input", "n0", "n1", "output"}
    return path.read_bytes()


def _refused(path, kind, text):
    with pytest.raises(kind) as caught:
        read_graph(path)
    assert str(caught.value) == f"{path}: {text}"


@pytest.fixture
def path(tmp_path, content):
    path = tmp_path / "a.nir"
    path.write_bytes(content)
    return path


def test_links_out_of_the_file(path):
    with h5py.File(path, "a") as file:
        file["node/nodes/n0/other"] = h5py.ExternalLink("/etc/passwd", "/")
    _refused(path, UnsupportedError, "the object 'other' is a link to somewhere else")


def test_soft_links(path):
    with h5py.File(path, "a") as file:
        file["node/again"] = h5py.SoftLink("/node")
    _refused(path, UnsupportedError, "the object 'again' is a link to somewhere else")


def test_data_in_other_files(path, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(path, "a") as file:
        file.create_dataset("node/raw", (8,), "f8", external=[(str(tmp_path / "secret"), 0, 64)])
    _refused(path, UnsupportedError, "the data of 'raw' lie in another file")


def test_virtual_data(path):
    layout = h5py.VirtualLayout((2,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2,))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("node/seen", layout)
    _refused(path, UnsupportedError, "the data of 'seen' lie in another file")


def test_data_that_expand(path):
    with h5py.File(path, "a") as file:
        # Chunks that were never written take no place in the file.
        file.create_dataset("node/bomb", (1 << 40,), "f8", chunks=(1 << 16,), compression="gzip")
    assert path.stat().st_size < 1 << 20
    _refused(path, LimitError, f"the file's data expand to more than {MAX_BYTES} bytes")


def test_circles(path):
    with h5py.File(path, "a") as file:
        file["node/nodes/self"] = file["node"]
    _refused(path, LimitError, f"the file has more than {MAX_OBJECTS} objects or 16 levels")


def test_texts(path, content):
    kind = h5py.string_dtype()
    with h5py.File(path, "a") as file:
        file.create_dataset("node/label", data="x" * (MAX_TEXT + 1), dtype=kind)
    _refused(path, LimitError, f"a text of 'label' is longer than {MAX_TEXT} bytes")
    path.write_bytes(content)
    with h5py.File(path, "a") as file:
        file.create_dataset("node/labels", (1 << 40,), kind, chunks=(1 << 16,))
    _refused(path, LimitError, f"the file has more than {MAX_TEXTS} texts")


def test_references_are_no_texts(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("node/pointer", data=file["node"].ref, dtype=h5py.ref_dtype)
    _refused(path, UnsupportedError, "the object 'pointer' holds neither numbers nor texts")


def test_large_files_and_folders(tmp_path):
    large = tmp_path / "large.nir"
    with large.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    _refused(large, LimitError, f"the file is larger than {MAX_BYTES} bytes")
    _refused(tmp_path, FileError, "cannot read the file: is a directory")


def test_other_hdf5(tmp_path):
    path = tmp_path / "a.nir"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    _refused(path, DataError, "the file is no NIR graph")
    nir.write(path, nir.Linear(np.ones((1, 1))))
    _refused(path, DataError, "the file is no NIR graph")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8), st.floats(0.2, 1.2))
def test_damaged_files_are_read_or_refused(tmp_path_factory, content, changes, share):
    data = bytearray(content)
    for at, value in changes:
        data[at % len(data)] = value
    path = tmp_path_factory.mktemp("damaged") / "a.nir"
    path.write_bytes(data[: int(len(data) * share)])
    try:
        read_graph(path)
    except HwdesignError as error:
        assert str(path) in str(error)
