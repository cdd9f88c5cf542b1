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

    func validate() throws { _ = try options }

    /// nil for one file.
    var options: SegmentOptions? {
        get throws {
            guard let segment else {
                guard !segmentAtClock, segmentName == nil else {
                    throw ValidationError("--segment-at-clock and --segment-name need a length: add --segment 10m")
                }
                return nil
            }
            guard let seconds = Self.seconds(segment) else {
                throw ValidationError("--segment \(segment) is no length: write 90s, 10m, 1h or a number of seconds")
            }
            do throws(SessionError) {
                return try SegmentOptions(
                    Segmentation(seconds: seconds, isAtClock: segmentAtClock),
                    name: segmentName.map { name throws(SessionError) in try SegmentName(name) } ?? SegmentName()
                )
            } catch {
                throw ValidationError(error.description)
            }
        }
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
