"""Tries what a daemon that is shut in must not do; a line for each: `NAME ok`, or the error."""
import ctypes, mmap, os, socket, sys

libc = ctypes.CDLL(None, use_errno=True)


def call(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)


home = os.path.expanduser("~")
tries = {
    "write-etc": lambda: write("/etc/probe"),
    "write-home": lambda: write(sys.argv[1] + "/probe" if len(sys.argv) > 1 else "/home/ada/probe"),
    "write-run": lambda: write("/run/probe"),
    "write-state": lambda: write(os.environ["STATE_DIRECTORY"] + "/probe"),
    "read-home": lambda: os.listdir("/home/ada"),
    "internet": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "other-process": lambda: open("/proc/1/status").close(),
    "meminfo": lambda: open("/proc/meminfo").close(),
    "write-execute": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "namespace": lambda: call(libc.unshare(0x10000000)),
    "set-uid": lambda: os.chmod(os.environ["PROBE_FILE"], 0o4755),
    "personality": lambda: call(libc.personality(0x0008)),
    "device": lambda: open("/dev/kmsg").close(),
    "control-group": lambda: os.mkdir("/sys/fs/cgroup/probe"),
    "host-name": lambda: call(libc.sethostname(b"x", 1)),
    "trace": lambda: call(libc.ptrace(0, 0, 0, 0)),
}
os.environ["PROBE_FILE"] = os.path.join("/tmp", "probe-%d" % os.getpid())
open(os.environ["PROBE_FILE"], "w").close()
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "ok")
    except (OSError, KeyError) as error:
        print(name, getattr(error, "strerror", None) or repr(error))
with open("/proc/self/status") as file:
    for line in file:
        if line.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:")):
            print(*line.split())
