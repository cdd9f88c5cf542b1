internal import FoundationEssentials

/// Wall times as text, in UTC.
enum Timestamp {
    /// RFC 3339 with milliseconds: `2026-11-23T01:30:00.250Z`.
    static func rfc3339(_ secondsSince1970: Double) -> String {
        Date(timeIntervalSince1970: secondsSince1970)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// For file names: `20261123T013000Z`.
    static func compact(_ secondsSince1970: Double) -> String {
        Date(timeIntervalSince1970: secondsSince1970)
            .formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }

    static func now() -> Double { Date().timeIntervalSince1970 }
}
