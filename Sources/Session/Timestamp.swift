internal import FoundationEssentials
package import Tracing

/// Wall times as text, in UTC.
package enum Timestamp {
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

    /// What `rfc3339` wrote of a time since 1970; nil for anything else.
    static func seconds(rfc3339 text: String) -> Double? {
        do {
            let date = try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            return date.timeIntervalSince1970 >= 0 ? date.timeIntervalSince1970 : nil
        } catch {
            return nil
        }
    }

    /// For spans: from 1970 to 2286, for what a damaged journal or report tells may be any number.
    package static func instant(_ secondsSince1970: Double) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(min(max(0, secondsSince1970), 1e10) * 1e9))
    }

    static func now() -> Double { Date().timeIntervalSince1970 }
}
