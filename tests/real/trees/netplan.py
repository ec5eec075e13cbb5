"""What `netplan get` makes of one root after another, for tests/real/trees/netplan.rs.

Every line of standard input is a root. A child takes it for its own root, runs netplan's own
command there and prints the merged document as one line of JSON, or "error"; then comes "done".
"""
import contextlib
import io
import json
import os
import sys

sys.path.insert(0, "/usr/share/netplan")
import netplan.cli.commands  # before the root changes
import yaml
from netplan.cli.core import Netplan


def answer(root):
    os.chroot(root)
    os.chdir("/")
    sys.argv = ["netplan", "get"]
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            Netplan().main()
    except SystemExit as end:
        if end.code:
            return "error"
    except Exception:
        return "error"
    return json.dumps(yaml.safe_load(printed.getvalue()))


print("netplan", os.popen("dpkg-query --show --showformat='${Version}' netplan.io").read(), flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        print(answer(line.rstrip("\n")), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("done", flush=True)
