public import HTTP

/// How fast an outbox is emptied.
public struct RelayPace: Hashable, Sendable {
    /// Places that are delivered to at once; one recording at a time goes to each.
    public var parallelism = 4
    /// Between two deliveries to one place.
    public var interval = Duration.milliseconds(100)
    /// How long a place is left alone that took nothing.
    public var targetPolicy = RetryPolicy(base: .seconds(2), cap: .seconds(900), attemptLimit: .max)
    /// How long a place is left alone where something has to be set up first.
    public var configurationPause = Duration.seconds(3600)
    /// A place is left alone after so many deliveries in a row that failed, each by itself.
    public var failureLimit = 3
    /// How often the outbox is looked into for what has come from elsewhere.
    public var lookInterval = Duration.seconds(60)

    public init() {}
}
