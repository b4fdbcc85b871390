"""Tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bench.calls import Sample
from bench.profile import Profile


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is text, the others are numbers."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    lines.insert(1, "| --- |" + " ---: |" * (len(head) - 1))
    return "\n".join(lines) + "\n"


def _middle(samples: Sequence[Sample]) -> tuple[float, float, float]:
    """Medians: calls per CPU-second, p50, p99."""
    return (
        median(sample.calls_per_cpu_second for sample in samples),
        median(sample.load.p50 for sample in samples),
        median(sample.load.p99 for sample in samples),
    )


def _holds(samples: Sequence[Sample]) -> bool:
    """Most of the runs at a rate were below 0.1 % failures and in time."""
    return sum(sample.sustained for sample in samples) * 2 > len(samples)


def calls(
    path: str,
    samples: Mapping[tuple[str, float], Sequence[Sample]],
    lacking: Sequence[str],
    noun: str = "call",
) -> str:
    """All rates, then one line a program."""
    names = list(dict.fromkeys(name for name, _ in samples))
    best = {
        name: max(
            (rate for other, rate in samples if other == name and _holds(samples[name, rate])), default=0.0
        )
        for name in names
    }
    rows = []
    for (name, rate), runs in samples.items():
        per_second, p50, p99 = _middle(runs)
        failures = median(sample.load.failures for sample in runs)
        rows.append(
            (
                name,
                f"{rate:g}",
                f"{failures:.2%}",
                str(round(median(sample.load.repeated for sample in runs))),
                f"{1000 / per_second:.2f}" if per_second else "-",
                f"{per_second:.0f}",
                f"{p50:.1f}",
                f"{p99:.1f}",
            )
        )
    text = f"### {noun.capitalize()}s, {path}\n\n" + table(
        (
            "program",
            f"{noun}s/s",
            "failed",
            "requests repeated",
            f"CPU ms/{noun}",
            f"{noun}s/CPU-s",
            "p50 ms",
            "p99 ms",
        ),
        rows,
    )
    if lacking:
        text += f"\nNot measured: {'; '.join(lacking)}.\n"
    summary = []
    for name in names:
        rate = best[name]
        if not rate:
            summary.append((name, "none", "-", "-", "-", "-"))
            continue
        per_second = _middle(samples[name, rate])[0]
        half = samples.get((name, rate / 2))
        _, p50, p99 = _middle(half) if half else (0.0, 0.0, 0.0)
        of = ""
        if best.get("Kamailio"):
            of = f"{per_second / _middle(samples['Kamailio', best['Kamailio']])[0]:.2f}"
        summary.append(
            (
                name,
                f"{rate:g}",
                f"{per_second:.0f}",
                of,
                f"{p50:.1f}" if half else "-",
                f"{p99:.1f}" if half else "-",
            )
        )
    return (
        text
        + "\n"
        + table(
            (
                "program",
                f"{noun}s/s held",
                f"{noun}s/CPU-s there",
                "of Kamailio",
                "p50 ms at half",
                "p99 ms at half",
            ),
            summary,
        )
    )


def registrations(samples: Mapping[tuple[str, bool], Sequence[Sample]]) -> str:
    """With and without digest."""
    rows = [
        (
            f"{name}, {'with' if digest else 'without'} digest",
            f"{_middle(runs)[0]:.0f}",
            f"{1000 / _middle(runs)[0]:.2f}" if _middle(runs)[0] else "-",
            f"{median(sample.load.failures for sample in runs):.2%}",
        )
        for (name, digest), runs in sorted(samples.items(), key=lambda item: item[0][1])
    ]
    head = ("registrations at 400/s", "registrations/CPU-s", "CPU ms each", "failed")
    return "### Registrations\n\n" + table(head, rows)


def memory(found: Sequence[int], batch: int) -> str:
    """Resident memory, and what a call more costs."""
    rows = [
        (
            f"{index * batch:,}",
            f"{value / 2**20:.1f}",
            f"{(value - found[index - 1]) / batch / 1024:.1f}" if index else "-",
        )
        for index, value in enumerate(found)
    ]
    text = "### Memory of standing calls, one hop\n\n"
    text += table(("standing calls", "resident MB", "KB for each call of this batch"), rows)
    slope = (found[-1] - found[1]) / (batch * (len(found) - 2))
    return (
        text
        + f"\nAfter the first batch, which fills the trace: {slope / 1024 * 1000 / 1024:.1f} MB per 1,000 calls.\n"
    )


def messages(found: Mapping[str, tuple[float, float] | str]) -> str:
    """Parse and render."""
    rows = [
        (name, f"{times[0]:.1f}", f"{times[1]:.1f}") if not isinstance(times, str) else (name, times, "-")
        for name, times in found.items()
    ]
    return "### An INVITE with SDP\n\n" + table(("program", "parse µs", "render µs"), rows)


def core(found: Mapping[str, Sequence[float]]) -> str:
    """Median and best round."""
    plain, recorded = found["plain"], found["recorded"]
    text = f"{median(plain):.0f} µs of CPU, {min(plain):.0f} in the best round; "
    text += f"with call records {median(recorded):.0f} and {min(recorded):.0f}."
    return f"### A call without sockets\n\n{text}\n"


def profile(found: Profile) -> str:
    """Stages and the functions that cost most."""
    stages = sorted(found.stages.items(), key=lambda item: -item[1])
    rows = [(name, f"{share:.0%}", f"{share * found.cpu:.1f}") for name, share in stages]
    text = f"### Where a message's {found.cpu:.0f} µs go (one hop, 400 calls/s, with the sampler running)\n\n"
    text += table(("stage", "share", "µs a message"), rows)
    functions = sorted(found.functions.items(), key=lambda item: -item[1])[:12]
    return (
        text
        + "\n"
        + table(("innermost function", "share"), [(name, f"{share:.1%}") for name, share in functions])
    )
