import Foundation

/// How like a decoded sound is to what was encoded.
public enum Likeness {
    /// By how many frames `after` is later than `before`, where both fit best.
    public static func lag(of after: [Double], to before: [Double], reach: Int) -> Int {
        let length = min(6000, before.count - 2 * reach)
        // Where it is loud.
        let start = stride(from: reach, through: before.count - reach - length, by: 1000).max { left, right in
            energy(before[left..<left + length]) < energy(before[right..<right + length])
        }
        guard let start else { return .max }
        let candidates = (-reach...reach).map { lag in
            var sum = 0.0
            var weight = 0.0
            for index in start..<start + length where after.indices.contains(index + lag) {
                sum += before[index] * after[index + lag]
                weight += after[index + lag] * after[index + lag]
            }
            return (lag, weight > 0 ? sum / weight.squareRoot() : 0)
        }
        return candidates.max { $0.1 < $1.1 }?.0 ?? .max
    }

    private static func energy(_ samples: ArraySlice<Double>) -> Double { samples.reduce(0) { $0 + $1 * $1 } }

    /// Decibels of `before` over all in which `after` differs from it.
    public static func signalToNoise(_ before: [Double], _ after: [Double]) -> Double {
        let noise = zip(before, after).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return 10 * log10(energy(before[...]) / noise)
    }
}
