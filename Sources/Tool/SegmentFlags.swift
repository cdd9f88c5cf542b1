import ArgumentParser
import RecorderIO
import Session

/// How `tapeline record` cuts a recording into segments (REC-10).
struct SegmentFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Go on in a new file every LENGTH, such as 90s, 10m, 1h or 0.5 (seconds), with no frame lost or doubled. Each is \
            delivered as it is done; a manifest lists them, and stands for the recording.
            """,
            valueName: "length"
        )
    )
    var segment: String?

    @Flag(help: "Begin segments at multiples of the length from midnight on (UTC), and at midnight.")
    var segmentAtClock = false

    @Option(
        help: ArgumentHelp(
            """
            What segments are called: %Y %y %m %d %j %H %M %S %F %s as in strftime(3), in UTC, and %v for the segment's number \
            (default: \(SegmentName.standard)). Names that would be the same get a number.
            """,
            valueName: "template"
        )
    )
    var segmentName: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Record events only, each in a segment of its own: from a sample of that level on, such as -40dBFS. What is between \
            them is in no file.
            """,
            valueName: "level"
        )
    )
    var trigger: String?

    @Option(help: "What belongs to an event before it begins (default: 10s).")
    var preRoll: String?

    @Option(help: "How long an event goes on after its last sample of the level (default: 5s).")
    var hang: String?

    func validate() throws { _ = try options }

    /// nil for one file.
    var options: SegmentOptions? {
        get throws {
            guard segment != nil || !segmentAtClock else {
                throw ValidationError("--segment-at-clock needs a length: add --segment 10m")
            }
            let trigger = try triggerOptions
            guard segment != nil || trigger != nil else {
                guard segmentName == nil else {
                    throw ValidationError("--segment-name needs a length: add --segment 10m")
                }
                return nil
            }
            let segmentation = try Self.length(segment, of: "--segment").map {
                Segmentation(seconds: $0, isAtClock: segmentAtClock)
            }
            do throws(SessionError) {
                return try SegmentOptions(
                    segmentation,
                    trigger: trigger,
                    name: segmentName.map { name throws(SessionError) in try SegmentName(name) } ?? SegmentName()
                )
            } catch {
                throw ValidationError(error.description)
            }
        }
    }

    private var triggerOptions: LevelTriggerOptions? {
        get throws {
            guard let trigger else {
                guard preRoll == nil, hang == nil else {
                    throw ValidationError("--pre-roll and --hang belong to a trigger: add --trigger -40dBFS")
                }
                return nil
            }
            guard let match = trigger.wholeMatch(of: /(-?[0-9]+(\.[0-9]+)?)(dB|dBFS)?/), let level = Double(match.1)
            else {
                throw ValidationError("--trigger \(trigger) is no level: write one such as -40dBFS")
            }
            var options = LevelTriggerOptions(thresholdDBFS: level)
            if let seconds = try Self.length(preRoll, of: "--pre-roll") { options.preRollSeconds = seconds }
            if let seconds = try Self.length(hang, of: "--hang") { options.hangSeconds = seconds }
            return options
        }
    }

    private static func length(_ text: String?, of option: String) throws -> Double? {
        guard let text else { return nil }
        guard let seconds = seconds(text) else {
            throw ValidationError("\(option) \(text) is no length: write 90s, 10m, 1h or a number of seconds")
        }
        return seconds
    }

    /// nil for what is no length.
    static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard digits.wholeMatch(of: /[0-9]+(\.[0-9]+)?/) != nil, let number = Double(digits) else { return nil }
        return number * (unit ?? 1)
    }
}
