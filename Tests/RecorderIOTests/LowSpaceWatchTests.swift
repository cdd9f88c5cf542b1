import Audio
import Testing

@testable import RecorderIO

// DUR-4
@Suite struct LowSpaceWatchTests {
    @Test func `Low space is told once, until there is ample room again`() {
        var watch = LowSpaceWatch()
        let news = [601.0, 599.5, 100, 601, 719, 721, 800, 599, 0].map {
            watch.news(freeByteCount: Int64($0 * 1000), bytesPerSecond: 1000)
        }
        #expect(news == [nil, .low(seconds: 599), nil, nil, nil, .ample, nil, .low(seconds: 599), nil])
    }

    @Test func `The disk is looked at when the recording begins, and every ten seconds`() {
        var watch = LowSpaceWatch()
        let looks = (0..<50).filter { watch.isDue(HostTime(nanoseconds: Int64($0) * 500_000_000)) }
        #expect(looks == [0, 20, 40])
    }
}
