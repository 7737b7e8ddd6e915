"""What a process may use that is about to read a file it does not know."""

import resource


def limits(*, memory: int, cpu: int, files: int = 16) -> tuple[tuple[int, int], ...]:
    """Pairs for `resource.setrlimit`: bytes of memory, seconds of processor, open files; nothing written or started."""
    return (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    )
