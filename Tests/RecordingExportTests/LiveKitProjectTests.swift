import HTTP
import RecordingExport
import Testing

@Suite struct LiveKitProjectTests {
    private static let credentials = ["LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"]

    private func endpoint(_ environment: [String: String]) throws -> String {
        try LiveKitProject(environment: Self.credentials.merging(environment) { $1 }).endpoint.description
    }

    // EXP-8
    @Test(arguments: [
        ("https://a.livekit.cloud", "https://a.livekit.cloud"), ("wss://a.livekit.cloud/", "https://a.livekit.cloud"),
        ("ws://a.livekit.cloud:7880/rtc?x=1", "https://a.livekit.cloud"),
        ("WSS://A.LiveKit.Run", "https://a.livekit.run"), ("http://a.b.livekit.run:80", "https://a.b.livekit.run"),
    ])
    func `A room's URL on LiveKit Cloud tells the endpoint`(url: String, base: String) throws {
        #expect(try endpoint(["LIVEKIT_URL": url]) == "\(base)/observability/recordings/v0")
    }

    // EXP-8
    @Test(arguments: [
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"), ("https://o.example/", "https://o.example"),
        ("https://o.example/base//", "https://o.example/base"),
    ])
    func `An observability URL counts wherever it is`(url: String, base: String) throws {
        let environment = ["LIVEKIT_OBSERVABILITY_URL": url, "LIVEKIT_URL": "wss://a.livekit.cloud"]
        #expect(try endpoint(environment) == "\(base)/observability/recordings/v0")
    }

    // EXP-9
    @Test(arguments: [
        ([:], "no server is known: set LIVEKIT_URL, or LIVEKIT_OBSERVABILITY_URL"),
        (
            ["LIVEKIT_URL": "wss://livekit.example.com"],
            "LIVEKIT_URL is no host of LiveKit Cloud, and only those are known to take session reports: "
                + "set LIVEKIT_OBSERVABILITY_URL"
        ),
        (
            ["LIVEKIT_URL": "wss://livekit.cloud.example.com/a.livekit.cloud"],
            "LIVEKIT_URL is no host of LiveKit Cloud, and only those are known to take session reports: "
                + "set LIVEKIT_OBSERVABILITY_URL"
        ),
        (
            ["LIVEKIT_URL": "a.livekit.cloud"],
            "LIVEKIT_URL is no wss, ws, https or http URL: write wss://PROJECT.livekit.cloud"
        ),
        (
            ["LIVEKIT_URL": "wss://u:p@a.livekit.cloud"],
            "LIVEKIT_URL is no wss, ws, https or http URL: write wss://PROJECT.livekit.cloud"
        ),
        (
            ["LIVEKIT_OBSERVABILITY_URL": "wss://o.example"],
            "LIVEKIT_OBSERVABILITY_URL is no http or https URL: write https://HOST"
        ),
        (
            ["LIVEKIT_OBSERVABILITY_URL": "https://u:p@o.example"],
            "LIVEKIT_OBSERVABILITY_URL has a user or a password in it: write https://HOST"
        ),
        (
            ["LIVEKIT_OBSERVABILITY_URL": "https://o.example?a=b"],
            "LIVEKIT_OBSERVABILITY_URL has a query or a fragment: write https://HOST"
        ),
        (
            ["LIVEKIT_OBSERVABILITY_URL": "https://o.example", "LIVEKIT_API_KEY": ""],
            "LIVEKIT_API_KEY is not set: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        ),
        (
            ["LIVEKIT_OBSERVABILITY_URL": "https://o.example", "LIVEKIT_API_SECRET": ""],
            "LIVEKIT_API_SECRET is not set: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        ),
    ])
    func `What is not set up is told, with the fix`(environment: [String: String], sentence: String) {
        let error = #expect(throws: RecordingExportError.self) { try endpoint(environment) }
        #expect(error?.kind == .configuration)
        #expect(error?.description == "cannot upload to LiveKit: \(sentence)")
        #expect(error?.spanDescription == "the upload to LiveKit is not set up")
    }
}
