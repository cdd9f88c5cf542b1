import Audio
import MetricsTestKit
import Testing

@testable import RecorderIO

@Suite struct CaptureMetricsTests {
    // CAP-7
    @Test func `Conditions are gauges and gaps are counters, told apart by device`() throws {
        let backend = TestMetrics()
        let first = CaptureMetrics(device: "hw:1", factory: backend)
        let second = CaptureMetrics(device: "hw:2", factory: backend)
        first.setCondition(.noSignal, channelCount: 2)
        second.setCondition(.noSignal, channelCount: 1)
        second.setCondition(.noSignal, channelCount: 0)
        first.count(gap: .xrun, frameCount: 480, isNew: true)
        first.count(gap: .xrun, frameCount: 20, isNew: false)
        first.count(gap: .deviceLost, frameCount: 7, isNew: true)

        func condition(_ device: String) throws -> Double? {
            let dimensions = [("device", device), ("condition", "no_signal")]
            return try backend.expectGauge("tapeline_capture_condition", dimensions).lastValue
        }
        func total(_ label: String, _ cause: String) throws -> Int64 {
            try backend.expectCounter(label, [("device", "hw:1"), ("cause", cause)]).totalValue
        }
        #expect(try condition("hw:1") == 2)
        #expect(try condition("hw:2") == 0)
        #expect(try total("tapeline_gaps_total", "xrun") == 1)
        #expect(try total("tapeline_gap_frames_total", "xrun") == 500)
        #expect(try total("tapeline_gap_frames_total", "device_lost") == 7)
    }
}
