import Audio
import Testing

@testable import RecorderIO

@Suite struct FileOutageTests {
    private func looks(_ outage: inout FileOutage, from start: Int, until end: Int) -> [Int] {
        (start...end).filter { outage.isLookDue(HostTime(nanoseconds: Int64($0) * 1_000_000_000)) }
    }

    private func time(_ seconds: Int) -> HostTime { HostTime(nanoseconds: Int64(seconds) * 1_000_000_000) }

    @Test func `Room is looked for each second, and once found, not again at once`() {
        var outage = FileOutage()
        #expect(looks(&outage, from: 0, until: 9) == [])
        outage.begin(time(10), after: 3600)
        #expect(looks(&outage, from: 10, until: 14) == [11, 12, 13, 14])
        outage.foundRoom()
        #expect(looks(&outage, from: 15, until: 78) == [78])
        outage.end()
        #expect(looks(&outage, from: 79, until: 200) == [])
    }

    @Test func `Files that end at once are begun ever more rarely, until one lasts`() {
        var outage = FileOutage()
        var now = 0
        var pauses: [Int] = []
        for _ in 0..<9 {
            outage.begin(time(now), after: 1)
            let begin = now
            repeat { now += 1 } while !outage.isLookDue(time(now))
            pauses.append(now - begin)
            outage.end()
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 64, 64])
        outage.begin(time(now), after: 60)
        #expect(looks(&outage, from: now, until: now + 1) == [now + 1])
        outage.failed(time(now + 1))
        #expect(looks(&outage, from: now + 1, until: now + 4) == [now + 3, now + 4])
    }
}
