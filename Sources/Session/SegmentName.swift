internal import FoundationEssentials

/// What segments are called: a template with the codes of strftime(3) for the time of a segment's first frame, in UTC.
///
/// `%Y %y %m %d %j %H %M %S` are digits, `%F` is `%Y-%m-%d`, `%s` seconds since 1970, `%v` the segment's number from 1 on (as
/// arecord has it), `%%` a percent sign. Names that would be the same get a number.
public struct SegmentName: Hashable, Sendable {
    /// Names that sort by time: `20261127T055000Z`.
    public static let standard = "%Y%m%dT%H%M%SZ"
    public let template: String

    public init() { template = Self.standard }

    /// - Throws: `SessionError.segments`, which names what may be used.
    public init(_ template: String) throws(SessionError) {
        let refusal: String? =
            if template.isEmpty || template.utf8.count > 100 {
                "it must have 1 to 100 characters"
            } else if template.hasPrefix(".") {
                "a name with a dot at its start is hidden"
            } else if template.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7F }) {
                "no \"/\" may be in it, as segments lie beside their manifest"
            } else if let code = Self.unknownCode(in: template) {
                "\"\(code)\" is no code of it, use %Y, %y, %m, %d, %j, %H, %M, %S, %F, %s, %v or %%"
            } else {
                nil
            }
        if let refusal { throw .segments("segments cannot be called \"\(template)\": \(refusal)") }
        self.template = template
    }

    private static func unknownCode(in template: String) -> Substring? {
        var rest = template[...]
        while let percent = rest.firstIndex(of: "%") {
            let code = rest[percent...].prefix(2)
            guard code.count == 2, let last = code.last, "YymdjHMSFsv%".contains(last) else { return code }
            rest = rest[code.endIndex...]
        }
        return nil
    }

    /// - Parameters:
    ///   - startedAt: in seconds since 1970.
    ///   - number: of the segment, from 1 on.
    func text(startedAt: Double, number: Int) -> String {
        // A frame that lies a hair before a full second belongs to it: seams are rounded to frames.
        let seconds = Int((startedAt + 0.001).rounded(.down))
        let date = Date(timeIntervalSince1970: Double(seconds))
        let day = Date.ISO8601FormatStyle().year().month().day().format(date)
        let parts = day.split(separator: "-").map(String.init)
        let time = seconds - seconds / 86_400 * 86_400
        var text = ""
        var rest = template[...]
        while let percent = rest.firstIndex(of: "%") {
            text += rest[..<percent]
            switch rest[rest.index(after: percent)] {
            case "Y": text += parts[0]
            case "y": text += parts[0].suffix(2)
            case "m": text += parts[1]
            case "d": text += parts[2]
            case "j": text += Self.digits(Self.dayOfYear(seconds, year: parts[0]), 3)
            case "H": text += Self.digits(time / 3600, 2)
            case "M": text += Self.digits(time / 60 % 60, 2)
            case "S": text += Self.digits(time % 60, 2)
            case "F": text += day
            case "s": text += "\(seconds)"
            case "v": text += Self.digits(number, 4)
            default: text += "%"
            }
            rest = rest[rest.index(percent, offsetBy: 2)...]
        }
        return text + rest
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    private static func dayOfYear(_ seconds: Int, year: String) -> Int {
        do {
            let start = try Date("\(year)-01-01T00:00:00Z", strategy: .iso8601)
            return (seconds - Int(start.timeIntervalSince1970)) / 86_400 + 1
        } catch {
            return 0
        }
    }
}
