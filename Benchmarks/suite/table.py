"""The results as Markdown."""
from . import rules

VERDICTS = {True: "met", False: "**not met**", None: ""}

def markdown(results, machine):
    lines = [f"Measured on {machine}. Medians; in brackets, what tapeline takes of it, round by round (lowest to highest).", ""]
    for part, cases in results.values.items():
        lines += part_table(results, part, cases)
    verdicts = list(rules.verdicts(results))
    if verdicts:
        lines += ["| Rule | | Bound | Seen | |", "|---|---|---|---|---|"]
        lines += [
            f"| {rule} | {words} | {bound} | {seen} | {VERDICTS[is_met]} |"
            for rule, words, bound, seen, is_met in verdicts
        ]
    return "\n".join(lines) + "\n"


def part_table(results, part, cases):
    # Cases with the same subjects share a table.
    groups = {}
    for case, subjects in cases.items():
        groups.setdefault(tuple(subjects), []).append(case)
    for subjects, group in groups.items():
        yield f"**{part}**"
        yield ""
        yield "| | " + " | ".join(subject.replace("|", "\\|") for subject in subjects) + " |"
        yield "|---" * (len(subjects) + 1) + "|"
        for case in group:
            yield f"| {case} | " + " | ".join(cell(results, part, case, subject) for subject in subjects) + " |"
        yield ""


def cell(results, part, case, subject):
    median = results.median(part, case, subject)
    text = f"{median:.0f}" if median >= 100 else f"{median:.1f}" if median >= 10 else f"{median:.2f}"
    if subject == rules.TAPELINE or not results.has(part, case, rules.TAPELINE):
        return text
    ratio = results.ratio(part, case, rules.TAPELINE, subject)
    return f"{text} ({ratio[0]:.2f}, {ratio[1]:.2f} to {ratio[2]:.2f})" if ratio else text
