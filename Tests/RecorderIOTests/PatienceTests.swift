import Audio
import Testing

@testable import RecorderIO

/// REC-3
@Suite struct PatienceTests {
    private func time(_ seconds: Double) -> HostTime { HostTime(nanoseconds: 7_000_000_000 + Int64(seconds * 1e9)) }

    @Test func `What a track has had for a second is not waited with any longer`() {
        for look in [0.01, 0.05, 0.1, 0.25, 0.5] {
            var patience = Patience(seconds: 1)
            var worst = 0.0
            for turn in 0...Int(20 / look) {
                let now = Double(turn) * look
                patience.advance(to: time(now), leader: Int64(now * 1000))
                let behind = now - Double(patience.position) / 1000
                if now > 2 { worst = max(worst, behind) }
                #expect(patience.position <= max(0, Int64((now - 1) * 1000) + 68))
            }
            #expect(worst <= 1.001 + look, "\(look): \(worst)")
        }
    }

    @Test func `A process that was stopped has not waited`() {
        var patience = Patience(seconds: 1)
        for turn in 0...10 { patience.advance(to: time(Double(turn) * 0.1), leader: Int64(turn) * 100) }
        let before = patience.position
        // Three seconds, and then again three hours.
        patience.advance(to: time(4), leader: 4000)
        #expect(patience.position - before <= 500)
        patience.advance(to: time(4.1), leader: 4100)
        #expect(patience.position <= 1000)
        patience.advance(to: time(10_000), leader: 10_000_000)
        #expect(patience.position <= 1000)
    }

    @Test func `Where nobody has anything, nothing is waited for`() {
        var patience = Patience(seconds: 1)
        for turn in 0...100 { patience.advance(to: time(Double(turn) * 0.5), leader: 0) }
        #expect(patience.position == 0)
    }
}
