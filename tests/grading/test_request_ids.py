"""What a kernel is asked is a secret of the course's, and the same for the same work."""

import itertools
import stat
from concurrent.futures import ThreadPoolExecutor

from autograder.grading.kernel_manager import GradingSession
from autograder.grading.request_ids import FILE, ids, secret_of
from autograder.grading.store import FOLDER


def first(count, secret, work):
    return list(itertools.islice(ids(secret, work), count))


def test_a_course_has_one_secret_that_only_its_owner_can_read(tmp_path):
    secret = secret_of(tmp_path)

    assert secret_of(tmp_path) == secret != secret_of(tmp_path / "another course")
    assert stat.S_IMODE((tmp_path / FOLDER / FILE).stat().st_mode) == 0o600


def test_who_starts_at_the_same_time_has_the_same_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_of, [tmp_path] * 50))) == 1
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [FILE]


def test_where_it_cannot_be_kept_grading_goes_on(tmp_path):
    (tmp_path / FOLDER).write_text("no folder")

    assert len(secret_of(tmp_path)) == 32


def test_the_same_work_is_asked_the_same_and_no_other_is():
    asked = first(20, b"secret", "work")

    assert first(20, b"secret", "work") == asked
    assert len({*asked, *first(20, b"secret", "other"), *first(20, b"another", "work")}) == 60


def test_requests_to_run_cells_have_these_ids_and_other_messages_their_own():
    session = GradingSession(key=b"key", requests=ids(b"secret", "work"))

    sent = [session.msg(kind)["msg_id"] for kind in ("execute_request", "kernel_info_request") * 2]

    assert sent[::2] == first(2, b"secret", "work")
    assert len(set(sent)) == 4


def test_without_such_ids_any_will_do():
    session = GradingSession(key=b"key")

    assert session.msg("execute_request")["msg_id"] != session.msg("execute_request")["msg_id"]
