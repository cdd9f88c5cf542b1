import Glibc

/// Parts of Tapeline for `Benchmarks/compare` and `.ci/guard` to measure; it takes no time itself, but for threads.
///
///     Measure ring one|two BLOCKS
///     Measure encode|record CONTAINER FORMAT RATE CHANNELS REPEATS SAMPLES FILE
///     Measure devices SECONDS FOLDER PCM...
@main enum Measure {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "ring" where words.count == 3:
            guard let count = Int(words[2]) else { break }
            if words[1] == "two" { return try RingMeasure.runInTwo(blockCount: count) }
            return try RingMeasure.runInOne(blockCount: count)
        case "encode" where words.count == 8: return try EncoderMeasure(words).encode()
        case "record" where words.count == 8: return try EncoderMeasure(words).record()
        case "devices" where words.count > 3:
            guard let seconds = Double(words[1]) else { break }
            return try await DevicesMeasure.run(Array(words[3...]), seconds: seconds, folder: words[2])
        default: break
        }
        print("usage: see Benchmarks/Measure/Measure.swift")
        exit(64)
    }
}
