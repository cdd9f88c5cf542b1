import TestSupport
import Testing

/// What `.ci/fuzz` runs for hours, for a moment: the fuzzers' targets cannot rot, and their seeds are valid.
@Suite(.timeLimit(.minutes(10)), .serialized) struct FuzzTests {
    private static let roundCounts: [FuzzTarget: Int] = [
        .repair: 60, .answers: 1500, .configuration: 1500, .documents: 1500, .database: 100,
    ]

    @Test(arguments: FuzzTarget.allCases) func `No broken input makes a parser crash or contradict itself`(
        _ target: FuzzTarget
    ) async throws {
        let seeds = try target.seeds
        for seed in seeds { try target.run(seed) }
        var random = Random(seed: 5)
        for round in 0..<Self.roundCounts[target, default: 1000] {
            await Task.yield()
            var bytes = seeds[round % seeds.count]
            for _ in 0...random.below(4) { Damage.spread(in: &bytes, &random) }
            do {
                try target.run(bytes)
            } catch {
                Issue.record("\(error): \(bytes)")
            }
        }
    }
}
