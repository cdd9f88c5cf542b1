import FoundationEssentials

/// The time of day, and waiting; tests replace both.
package struct DeliveryClock: Sendable {
    /// Seconds since 1970.
    package var now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    package init() {}
}
