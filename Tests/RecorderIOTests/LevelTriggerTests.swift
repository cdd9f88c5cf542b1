import Audio
import Testing

@testable import RecorderIO

/// Where events begin and end, against the plainest reading of the rule.
@Suite struct LevelTriggerTests {
    private static let options = LevelTriggerOptions(thresholdDBFS: -40, preRollSeconds: 0.3, hangSeconds: 0.5)

    private struct Event: Equatable {
        var trigger: Int64
        var end: Int64
    }

    /// Frame by frame: an event begins with a loud frame, and ends where the hang is over without another.
    private static func oracle(_ loud: [Bool], hang: Int64) -> [Event] {
        var events: [Event] = []
        var last: Int64?
        for (index, isLoud) in loud.enumerated() {
            let frame = Int64(index)
            if let known = last, frame == known + 1 + hang {
                events[events.count - 1].end = frame
                last = nil
            }
            guard isLoud else { continue }
            if last == nil { events.append(Event(trigger: frame, end: .max)) }
            last = frame
        }
        if let last { events[events.count - 1].end = last + 1 + hang }
        return events
    }

    /// The same through `LevelTrigger`, in pieces of any length, as the recorder would.
    private static func events(
        _ bytes: [UInt8],
        _ format: AudioFormat,
        _ random: inout some RandomNumberGenerator
    ) -> [Event] {
        var trigger = LevelTrigger(options, format: format)
        var events: [Event] = []
        let frameCount = bytes.count / format.bytesPerFrame
        var position = 0
        while position < frameCount {
            let limit = trigger.eventEnd.map { Int($0) } ?? frameCount
            let end = min(frameCount, limit, position + .random(in: 1...700, using: &random))
            let piece = unsafe bytes.span.bytes.extracting(
                position * format.bytesPerFrame..<end * format.bytesPerFrame
            )
            if trigger.eventEnd == nil {
                guard let frame = trigger.begin(in: piece, at: Int64(position)) else {
                    position = end
                    continue
                }
                events.append(Event(trigger: frame, end: trigger.eventEnd ?? 0))
                // What follows the trigger is looked at as a part of the event.
                position = Int(frame) + 1
            } else {
                trigger.goOn(in: piece, at: Int64(position))
                position = end
                events[events.count - 1].end = trigger.eventEnd ?? 0
                if trigger.eventEnd == Int64(position) { trigger.end() }
            }
        }
        return events
    }

    @Test(arguments: SampleFormat.allCases)
    func `Events begin and end at the same frames as by the rule itself, however the frames are cut`(
        _ sampleFormat: SampleFormat
    ) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let channelCount = Int.random(in: 1...3, using: &random)
            let format = AudioFormat(sampleFormat: sampleFormat, sampleRate: 1000, channelCount: channelCount)
            var loud: [Bool] = []
            while loud.count < 4000 {
                let count = Int.random(in: 1...1200, using: &random)
                let isActive = Bool.random(using: &random)
                for _ in 0..<count { loud.append(isActive && Int.random(in: 0..<400, using: &random) == 0) }
            }
            let bytes = loud.flatMap { isLoud in
                let channel = Int.random(in: 0..<channelCount, using: &random)
                return (0..<channelCount).flatMap { index in
                    // -40 dBFS is a hundredth of full scale: this lies just above it, or just below.
                    let level = isLoud && index == channel ? 0.010_05 : 0.009_95
                    return Self.sample(Bool.random(using: &random) ? level : -level, sampleFormat)
                }
            }
            #expect(Self.events(bytes, format, &random) == Self.oracle(loud, hang: 500))
        }
    }

    private static func sample(_ value: Double, _ format: SampleFormat) -> [UInt8] {
        switch format {
        case .s16: bytes(of: Int16(value * 32768))
        case .s24: bytes(of: Int32(value * 8_388_608))
        case .s24Packed: Array(bytes(of: Int32(value * 8_388_608)).prefix(3))
        case .s32: bytes(of: Int32(value * 2_147_483_648))
        case .float: bytes(of: Float(value).bitPattern)
        }
    }

    private static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
