"""The libraries that grading depends on are found by what each one declares."""

import pytest

from autograder.grading import libraries


def test_libraries_of_libraries_are_noticed():
    found = libraries.versions()
    assert {"tensorflow", "scipy", "nbconvert", "mistune", "nh3", "bleach", "sqlalchemy"} <= set(found)
    assert all(found[name] for name in ("tensorflow", "scipy", "nbconvert", "mistune", "nh3", "bleach"))


def test_tools_for_tests_and_installers_make_no_difference():
    """A worker without these tools grades the same."""
    assert not {"pytest", "ruff", "hypothesis", "execnet", "pip", "setuptools"} & set(
        libraries.versions()
    )


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs distributions: version and requirements by name."""

    def install(**distributions):
        for name, (version, *needs) in distributions.items():
            folder = tmp_path / f"{name}-{version}.dist-info"
            folder.mkdir()
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
            lines += [f"Requires-Dist: {need}" for need in needs]
            (folder / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: only_prose\n")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_what_is_required_is_followed_to_the_end(installed):
    installed(
        zz_root=(
            *("1", "Zz.Direct>=1", 'zz_elsewhere; sys_platform == "none"'),
            *('zz_tool; extra == "dev"', 'zz_pandas; extra == "notebooks"'),
        ),
        zz_direct=("2", "zz-extra[more,again]", "zz-missing (>=3)"),
        zz_extra=("3", 'zz-more; extra == "more"', 'zz-other; extra == "other"', "zz-root"),
        zz_more=("4", "zz-direct", "setuptools"),
    )
    assert libraries.versions.__wrapped__("zz-root") == {
        "zz-root": "1",
        "zz-direct": "2",
        "zz-extra": "3",
        "zz-more": "4",
        "zz-missing": "",
        # What notebooks may use decides what comes of them.
        "zz-pandas": "",
    }


def test_where_the_package_was_never_installed_all_that_is_there_counts(installed):
    installed(zz_library=("5",))
    found = libraries.versions.__wrapped__("zz-nobody-knows")
    assert found["zz-nobody-knows"] == ""
    assert found["zz-library"] == "5"
    assert found["tensorflow"]
    assert "pip" not in found


def test_the_package_is_known_by_its_name():
    assert libraries.versions()[libraries.DISTRIBUTION]
