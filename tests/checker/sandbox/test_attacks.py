"""What a hostile submission tries, really tried, in both isolations. Every one ends in an answer, and leaves nothing
(see ask)."""

import ctypes
import os
import pydoc_data
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.sandbox.isolation import BUBBLEWRAP, PROCESS, restrictions
from checker.sandbox.run import run
from checker.sandbox.tasks import MB, Answer
from tests.checker.sandbox.conftest import AUGMENTATION, QUICK

Ask = Callable[..., Answer]

TELL = """
def tell(action):
    try:
        told = action()
    except BaseException as error:
        told = type(error).__name__
    raise ValueError(f"told: {told}")
"""


def told(answer: Answer) -> str:
    """Return what the code said by TELL."""
    assert answer.problem is not None
    assert "raised ValueError: told: " in answer.problem.message, answer.problem
    return answer.problem.message.partition("told: ")[2].rpartition(" (train.py")[0]


def told_of_all(ask: Ask, actions: list[str]) -> list[str]:
    """Return what each of several expressions returns or raises, in one run."""
    tried = "\n".join(
        f"try: told.append({action})\nexcept BaseException as error: told.append(type(error).__name__)"
        for action in actions
    )
    answer = ask(
        f"import ctypes, os, resource\nlibc = ctypes.CDLL(None)\ntold = []\n{tried}\n"
        "raise ValueError('told: ' + ';'.join(str(each).replace(chr(0), ' ')[-30:].replace(';', ' ') for each in told))"
    )
    return told(answer).split(";")


def kind(answer: Answer) -> str:
    """Return the kind of the problem."""
    assert answer.problem is not None and answer.value is None
    assert answer.problem.message.endswith(".") and answer.problem.help
    return answer.problem.kind


def without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Leave out one of the restrictions of a process, as on a kernel that has none."""
    monkeypatch.setattr(
        "checker.sandbox.run.restrictions", lambda *arguments: (found := restrictions(*arguments)) and found | {name: 0}
    )


# --- What can be seen and written -----------------------------------------------------------------


def test_a_file_beside_the_submission_is_not_read(ask: Ask, folder: Path) -> None:
    secret = folder.parent / "labels.txt"
    secret.write_text("7 2 1 0 4")
    assert told(ask(f"{TELL}\ntell(lambda: open({str(secret)!r}).read())")) in ("FileNotFoundError", "PermissionError")


def test_keys_that_others_left_are_not_found(ask: Ask) -> None:
    keyctl, add_key = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
    libc = ctypes.CDLL(None)
    libc.syscall(keyctl, 1, None)  # A session of our own, as a login has one; where the kernel lets nobody, nobody can.
    libc.syscall(add_key, b"user", b"stash", b"7", 1, -3)
    search = f"ctypes.CDLL(None).syscall({keyctl}, 10, -3, b'user', b'stash', 0)"
    assert told(ask(f"{TELL}\nimport ctypes\ntell(lambda: {search})")) == "-1"


def test_modules_of_its_own_come_before_those_that_it_never_imported(ask: Ask, folder: Path) -> None:
    (folder / "albucore.py").write_text("MINE = 7")
    (folder / "PIL").mkdir()
    (folder / "PIL/__init__.py").write_text("MINE = 8")
    assert told(ask(f"{TELL}\nimport albucore, PIL\ntell(lambda: [albucore.MINE, PIL.MINE])")) == "[7, 8]"


def test_the_machine_s_own_files_are_not_read(ask: Ask, isolation: str) -> None:
    paths = [
        "/etc/shadow",
        "/etc/passwd",
        "/root/.ssh",
        "/home",
        "/var/log",
        "/proc/1/environ",
        "/proc/self/environ/../../1/root/etc/shadow",
    ]
    found = told_of_all(
        ask, [f"os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}).read()" for path in paths]
    )
    if isolation == BUBBLEWRAP:  # Its process 1 is its own.
        assert "checker-sandbox-" in found.pop(5)
    assert set(found) <= {"FileNotFoundError", "PermissionError", "NotADirectoryError"}


def test_the_data_sets_are_not_seen(ask: Ask, generated_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(generated_data))
    assert told(ask(f"{TELL}\nimport os\ntell(lambda: os.listdir({str(generated_data)!r}))")) in (
        "FileNotFoundError",
        "PermissionError",
    )
    assert told(ask(f"{TELL}\nimport os\ntell(lambda: os.environ.get('DATA_DIR'))")) == "None"


def test_a_data_set_below_the_interpreter_is_masked_by_bubblewrap_and_seen_in_a_process(
    ask: Ask, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path(pydoc_data.__file__).parent  # Any folder of the interpreter will do that isn't needed.
    monkeypatch.setenv("DATA_DIR", str(data))
    assert ("topics.py" in told(ask(f"{TELL}\nimport os\ntell(lambda: os.listdir({str(data)!r}))"))) == (
        isolation == PROCESS
    )


def test_nothing_is_written_but_in_the_scratch_folder(ask: Ask) -> None:
    places = [
        "os.path.expanduser('~')",
        "os.path.dirname(__file__)",
        "'/'",
        "'/usr'",
        "'/dev/shm'",
        "os.path.dirname(os.__file__)",
        "'/etc'",
        "'/code/checker'",
        "'/proc/self'",
        "'/sys'",
    ]
    home, *others = told_of_all(
        ask, [f"open(os.path.join({place}, 'written-by-a-test'), 'w').close()" for place in places]
    )
    assert home == "None" and set(others) <= {"OSError", "PermissionError", "FileNotFoundError"}


def test_no_variable_of_the_environment_is_passed_on(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "AWS" not in told(ask(f"{TELL}\nimport os\ntell(lambda: sorted(os.environ))"))


def test_no_file_descriptor_but_its_own_is_passed_on(ask: Ask, folder: Path) -> None:
    with open(folder.parent / "labels.txt", "w") as file:
        os.set_inheritable(file.fileno(), True)
        code = f"""{TELL}
import os
def opened(number):
    try:
        return os.fstat(number) and True
    except OSError:
        return False
tell(lambda: len([number for number in range(200) if opened(number)]))"""
        assert int(told(ask(code))) <= 4  # stdin, stdout, stderr, and the answers'


def test_no_privilege_is_regained(ask: Ask, isolation: str) -> None:
    found = told_of_all(
        ask,
        [
            "resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))",
            "os.setuid(0) or os.setgroups([0])",
            "os.chroot('/')",
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0)",
            "libc.unshare(0x10000000 | 0x00020000)",
            f"libc.ptrace(16, {os.getpid()}, 0, 0)",
            f"libc.ptrace(16, {os.getppid()}, 0, 0)",
            "os.nice(-5)",
            "os.open('/dev/mem', os.O_RDWR)",
            f"os.open('/proc/{os.getpid()}/mem', os.O_RDWR)",
            "os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)",
            "os.open('/proc/sysrq-trigger', os.O_WRONLY)",
            "os.open('/proc/self/oom_score_adj', os.O_WRONLY)",
            "os.open('/sys/kernel/mm/transparent_hugepage/enabled', os.O_WRONLY)",
        ],
    )
    if isolation == PROCESS:  # A user namespace gives no more than it took.
        found.pop(4)
    assert set(found) <= {"PermissionError", "ValueError", "FileNotFoundError", "OSError", "-1"}, found


def test_shared_memory_does_not_outlive_a_process(ask: Ask) -> None:
    before = Path("/proc/sysvipc/shm").read_text()
    ask(f"{TELL}\nimport ctypes\ntell(lambda: ctypes.CDLL(None).shmget(0x5A17D, 10**6, 0o1600))")
    assert Path("/proc/sysvipc/shm").read_text() == before or os.geteuid() != 0


def test_stdin_is_empty(ask: Ask) -> None:
    assert told(ask(f"{TELL}\ntell(lambda: input('Password: '))")) == "EOFError"


# --- The network ----------------------------------------------------------------------------------


def test_no_tcp_connection_is_made(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert told(
            ask(f"{TELL}\nimport socket\ntell(lambda: socket.create_connection(('127.0.0.1', {port}), timeout=1))")
        ) in ("ConnectionRefusedError", "OSError", "PermissionError")


@pytest.mark.parametrize("bare", [False, True])
def test_udp_is_stopped_by_a_namespace_and_not_in_a_process_without_one(
    ask: Ask, isolation: str, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bare:
        without(monkeypatch, "namespaces")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        address = server.getsockname()
        ask(f"import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'labels', {address!r})")
        if isolation == PROCESS and bare:
            assert server.recv(10) == b"labels"
        elif isolation == BUBBLEWRAP or os.geteuid() == 0:  # Others may lack user namespaces.
            with pytest.raises(TimeoutError):
                server.recv(10)


def test_no_abstract_unix_socket_is_reached(ask: Ask) -> None:
    name = f"\0sandbox-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert told(ask(f"{TELL}\nimport socket\ntell(lambda: socket.socket(socket.AF_UNIX).connect({name!r}))")) in (
            "ConnectionRefusedError",
            "PermissionError",
        )


# --- Time, memory, processes, output --------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "def augmentation():\n    while True: pass",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True: pass",
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException: pass",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass",
    ],
)
def test_an_endless_loop_ends(ask: Ask, code: str) -> None:
    started = time.monotonic()
    assert kind(ask(code, seconds=0.6)) == "time"
    assert time.monotonic() - started < 50  # They sleep for 60, or for ever.


@pytest.mark.parametrize(
    "code",
    [
        "x = bytearray(30 * 10**9)",
        "x = []\nwhile True: x.append(bytearray(b'x') * 50_000_000)",
        "import mmap\nx = []\nwhile True:\n    x.append(mmap.mmap(-1, 10**7))\n    x[-1].write(b'x' * 10**7)",
        "import os\nwhile True: os.write(os.memfd_create('x'), b'x' * 10**7)",
    ],
)
def test_thirty_gigabytes_are_not_had(ask: Ask, code: str) -> None:
    assert kind(ask(code, memory=400 * MB)) == "memory"


def test_forks_share_one_limit_of_memory(ask: Ask) -> None:
    code = (
        "import os, time\nfor i in range(10):\n    if os.fork() == 0:\n        x = b'x' * 60_000_000\n"
        "        time.sleep(60)\ntime.sleep(60)"
    )
    assert kind(ask(code, memory=400 * MB)) == "memory"


def test_pages_that_forks_share_count_once(ask: Ask) -> None:
    code = (
        "import os, time\nx = b'x' * 200_000_000\nfor i in range(10):\n    if os.fork() == 0:\n        time.sleep(60)\n"
        "time.sleep(0.3)"
    )
    assert "has no function augmentation" in ask(code, memory=400 * MB).problem.message


@pytest.mark.parametrize(
    "code",
    [
        "import os, time\nfor i in range(200):\n    if os.fork() == 0:\n        time.sleep(60)\ntime.sleep(60)",
        "import os, time\nfor i in range(200):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(60)\n"
        "time.sleep(60)",
        "import os\nwhile True: os.fork()",
        "import os, time\nfor i in range(200):\n    if os.fork() == 0: os._exit(0)\ntime.sleep(60)",
    ],
)
def test_two_hundred_forks_are_too_many(ask: Ask, code: str) -> None:
    answer = ask(code)
    # A user who isn't root can't fork more than 64 times; root is found out by the supervisor.
    assert kind(answer) == "processes" or "BlockingIOError" in answer.problem.message


def test_deep_recursion(ask: Ask) -> None:
    assert "raised RecursionError" in ask("def f(): f()\nf()").problem.message
    assert kind(
        ask(
            "import sys\nsys.setrecursionlimit(10**9)\ndef f(): repr(g())\nclass C:\n"
            "    def __repr__(self): return repr(self)\nrepr(C())"
        )
    ) in ("crash", "memory")


def test_gigabytes_are_not_written(ask: Ask) -> None:
    answer = ask(
        "with open(__import__('os').path.expanduser('~/x'), 'wb') as f:\n"
        "    for i in range(5000): f.write(bytes(10**6))"
    )
    assert "raised OSError" in answer.problem.message
    answer = ask(
        "import os\nfor i in range(500):\n"
        "    with open(os.path.expanduser(f'~/{i}'), 'wb') as f: f.write(bytes(10**7))\nimport time\ntime.sleep(1)"
    )
    assert kind(answer) == "disk" or "raised OSError" in answer.problem.message


def test_a_hundred_thousand_empty_files_are_too_many(ask: Ask) -> None:
    answer = ask(
        "import os, time\nos.chdir(os.path.expanduser('~'))\nfor i in range(100_000):\n    open(str(i), 'w').close()\n"
        "time.sleep(60)"
    )
    assert kind(answer) == "disk"


def test_folders_thousands_deep_are_removed(ask: Ask) -> None:
    code = (
        "import os, time\nos.chdir(os.path.expanduser('~'))\nfor i in range(1200):\n    os.mkdir('deeper')\n"
        "    os.chdir('deeper')"
    )
    assert "has no function augmentation" in ask(code).problem.message


@pytest.mark.parametrize("number", [1, 2])
def test_gigabytes_are_not_printed(ask: Ask, number: int) -> None:
    answer = ask(f"import os\nfor i in range(5000): os.write({number}, b'x' * 10**6)")
    assert kind(answer) == "output"
    assert "printed more than 4 MB" in answer.problem.message


# --- Ending, crashing, killing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\nos._exit(0)", "exit"),
        ("import sys\nsys.exit()", "exit"),
        ("import sys\nsys.exit('done')", "exit"),
        ("def augmentation():\n    raise KeyboardInterrupt", "refused"),
        ("import ctypes\nctypes.string_at(0)", "crash"),
        ("import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.1)\ntime.sleep(5)", "crash"),
        ("import os\nos.abort()", "crash"),
        ("import os\nos.kill(os.getpid(), 9)", "crash"),
        ("import os\nos.execv('/usr/bin/true', ['true'])", "exit"),
    ],
)
def test_each_end_is_told_apart(ask: Ask, isolation: str, code: str, expected: str) -> None:
    answer = ask(code)
    if "execv" in code and isolation == PROCESS:  # Landlock starts no program.
        assert "raised PermissionError" in answer.problem.message
    else:
        assert kind(answer) == expected


def test_the_signal_is_named(ask: Ask) -> None:
    assert "crashed Python (SIGSEGV)" in ask("import ctypes\nctypes.string_at(0)").problem.message


@pytest.mark.parametrize(
    "victim",
    ["os.getppid()", "1", "-1", str(os.getpid()), str(os.getppid())],
    ids=["its parent", "init", "everybody", "the checker", "the checker's parent"],
)
def test_killing_others_leaves_the_checker_alive(ask: Ask, victim: str) -> None:
    answer = ask(f"import os\nos.kill({victim}, 9)\nimport time\ntime.sleep(60)", seconds=0.7)
    # bubblewrap's process 1 is not killed from inside; -1 is everything but oneself, as far as it may be signalled.
    assert kind(answer) in ("refused", "crash", "time", "exit")


def test_without_landlock_a_process_kills_its_watcher_and_is_ended_all_the_same(
    ask: Ask, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "landlock")
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\nos.kill(os.getppid(), 9)\n"
        "time.sleep(60)"
    )
    answer = ask(code, seconds=5 if isolation == PROCESS else 0.5)
    # Where root became nobody, root's processes are out of reach.
    assert (
        isolation == BUBBLEWRAP
        or "killed the process that watches over it" in answer.problem.message
        or (os.geteuid() == 0 and "raised PermissionError" in answer.problem.message)
    )


def test_forks_that_outlive_the_answer_are_ended(ask: Ask) -> None:
    code = """
import os, signal, threading, time, atexit
if os.fork() == 0:
    os.setsid()
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
atexit.register(lambda: time.sleep(60))
threading.Thread(target=time.sleep, args=(60,)).start()
"""
    started = time.monotonic()
    assert "has no function augmentation" in ask(code).problem.message
    assert time.monotonic() - started < 50  # They sleep for 60, or for ever.


def test_a_fork_that_answers_too_is_ignored(ask: Ask) -> None:
    assert "has no function augmentation" in ask("import os\nos.fork()\nos.fork()").problem.message


# --- Lies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        b"\0" * 100,
        b"\xff" * 100,
        b"\0\0\0\x02" + bytes(8) + b"{}",
        b"\0\0\0\x10" + b"\xff" * 8 + b"{}",
        b"\0\0\0\x20" + bytes(8) + b'{"task": 0, "value": NaN}' + bytes(7),
        b'{"verdict": "passed"}\n' * 100,
    ],
)
def test_nonsense_on_every_open_file_is_no_answer(ask: Ask, written: bytes) -> None:
    code = (
        f"import os\nfor number in range(3, 256):\n    try: os.write(number, {written!r})\n    except OSError: pass\n"
        "os._exit(0)"
    )
    assert kind(ask(code)) in ("output", "exit")


def test_a_forged_answer_is_at_most_a_wrong_answer(ask: Ask) -> None:
    code = """
import os, struct
text = b'{"task": 0, "value": {"passed": true}}'
for number in range(3, 256):
    try: os.write(number, struct.pack(">IQ", len(text), 0) + text)
    except OSError: pass
os._exit(0)"""
    assert ask(code).value == {"passed": True}


def test_closing_every_open_file_is_no_answer(ask: Ask) -> None:
    assert kind(ask("import os, time\nos.closerange(0, 256)\ntime.sleep(60)")) == "output"


def test_names_and_messages_can_t_steer_the_terminal(ask: Ask) -> None:
    message = ask(
        "raise type('\\x1b[31mE\\nrror', (Exception,), {})('a\\x1b]0;title\\x07b\\u202e\\r' + 'x' * 10**7)"
    ).problem.message
    assert message.isprintable() and len(message) <= 400
    assert "train.py, line 1" in message


@pytest.mark.parametrize("method", ["1 / 0", "'x' * 10**12", "__import__('sys').exit()", "None"])
def test_an_exception_whose_text_raises(ask: Ask, method: str) -> None:
    assert "raised E" in ask(f"class E(Exception):\n    def __str__(self): return {method}\nraise E").problem.message


def test_a_patched_interpreter_is_at_most_a_wrong_answer(ask: Ask) -> None:
    code = (
        "import builtins, json, os\njson.dumps = lambda *a, **k: '[' * 100_000\nos.getpid = lambda: 1\n"
        "builtins.len = None"
    )
    assert kind(ask(code)) in ("refused", "exit", "output")


# --- The checker's own end ------------------------------------------------------------------------


def test_the_checker_s_death_ends_everything(folder: Path, isolation: str, ask: Ask) -> None:
    (folder / "train.py").write_text("import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(60)")
    child = os.fork()
    if child == 0:
        answers = run(folder, [AUGMENTATION], isolation=isolation, limits=QUICK)
        os.kill(os.getpid(), signal.SIGALRM if answers is None else signal.SIGKILL)
    os.waitpid(child, 0)


def test_ctrl_c_ends_everything(folder: Path, isolation: str, ask: Ask) -> None:
    (folder / "train.py").write_text("import time\ntime.sleep(60)")
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(run(folder, [AUGMENTATION], isolation=isolation, limits=QUICK))
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_answers_that_nobody_waits_for_end_everything(folder: Path, isolation: str, ask: Ask) -> None:
    (folder / "train.py").write_text("import time\ntime.sleep(60)")
    answers = run(folder, [AUGMENTATION], isolation=isolation, limits=QUICK)
    del answers
