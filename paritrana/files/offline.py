"""Takes the network from a process that is about to read a file it does not know, where the kernel lets it."""

import ctypes
from typing import Final

NEW_USER: Final = 0x10000000  # sched.h, CLONE_NEWUSER
NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET


def leave_network() -> bool:  # pragma: no cover - the process that measures needs its network; tests start another
    """Move this process into a network of its own that has nothing in it; whether the kernel allowed it.

    An ordinary account needs a user namespace for that, which some systems and containers forbid. Only a process with
    one thread may make it.
    """
    try:
        unshare = ctypes.CDLL(None).unshare
    except AttributeError:  # not Linux
        return False
    return any(unshare(flags) == 0 for flags in (NEW_NETWORK, NEW_USER | NEW_NETWORK))
