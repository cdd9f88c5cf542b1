internal import FoundationEssentials
internal import Tracing

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

    /// What `rfc3339` wrote; nil for anything else.
    static func seconds(rfc3339 text: String) -> Double? {
        do {
            return try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
                .timeIntervalSince1970
        } catch {
            return nil
        }
    }

    /// For spans.
    static func instant(_ secondsSince1970: Double) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(max(0, secondsSince1970) * 1e9))
    }

    static func now() -> Double { Date().timeIntervalSince1970 }
}
