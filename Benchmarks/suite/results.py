"""What was measured: a list of values, one for each round, of every subject in every case of every part."""
import statistics


class Results:
    def __init__(self):
        self.values = {}

    def add(self, part, case, subject, value):
        self.values.setdefault(part, {}).setdefault(case, {}).setdefault(subject, []).append(value)

    def add_round(self, part, case, values):
        for subject, value in values.items():
            self.add(part, case, subject, value)

    def has(self, part, case, *subjects):
        found = self.values.get(part, {}).get(case, {})
        return all(found.get(subject) for subject in subjects)

    def median(self, part, case, subject):
        return statistics.median(self.values[part][case][subject])

    def spread(self, part, case, subject):
        values = self.values[part][case][subject]
        return min(values), max(values)

    def ratio(self, part, case, subject, other):
        """Of the two in the same round: median, lowest, highest."""
        pairs = zip(self.values[part][case][subject], self.values[part][case][other])
        ratios = [a / b for a, b in pairs if b > 0]
        if not ratios:
            return None
        return statistics.median(ratios), min(ratios), max(ratios)
