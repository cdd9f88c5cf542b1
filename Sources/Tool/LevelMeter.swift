import Audio
import RecorderIO

/// The line that a terminal shows while recording: level with peak hold and clip mark, time, gaps, ring (CLI-2).
struct LevelMeter {
    private static let width = 30
    private static let floorDB = -60.0
    private var heldPeak: Float = 0
    private var hasClipped = false

    /// The line for the present state; it overwrites the last one.
    mutating func line(_ progress: RecorderProgress, sampleRate: Int) -> String {
        heldPeak = max(progress.peak, heldPeak * 0.84)
        if progress.peak >= 0.9999 { hasClipped = true }
        let level = Self.cells(progress.peak)
        let hold = Self.cells(heldPeak)
        let bar = (0..<Self.width).map { cell in
            cell < level ? "#" : cell == hold - 1 ? "|" : "-"
        }.joined()
        let seconds = Int(progress.frameCount) / sampleRate
        let time = "\(seconds / 3600):\(Self.two(seconds / 60 % 60)):\(Self.two(seconds % 60))"
        let peak = progress.peak > 0 ? "\(Int(Self.decibels(progress.peak).rounded()))" : "-inf"
        var line = "\r\u{1B}[K[\(bar)] \(peak) dBFS\(hasClipped ? " CLIP" : "")  \(time)"
        if progress.gapCount > 0 { line += "  gaps \(progress.gapCount)" }
        line += "  ring \(Int(progress.ringFill * 100)) %"
        if progress.isDeviceLost { line += "  DEVICE LOST" }
        for period in progress.conditions {
            line += "  " + period.condition.rawValue.uppercased()
            if let channels = period.channels { line += " \(channels.map(String.init).joined(separator: ","))" }
        }
        return line
    }

    /// Takes the line away.
    static let clear = "\r\u{1B}[K"

    private static func cells(_ peak: Float) -> Int {
        guard peak > 0 else { return 0 }
        let part = 1 - decibels(peak) / floorDB
        return max(0, min(width, Int((part * Double(width)).rounded())))
    }

    private static func decibels(_ peak: Float) -> Double { Decibels.fullScale(peak) }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
