import HTTP
import Logging
import RecordingExport
import Testing

@Suite struct UploaderURLTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // EXP-8
    @Test func `A room, and how it is uploaded, are read from a URL`() throws {
        #expect(try UploaderURL("livekit:RM_x") == .liveKit(roomID: "RM_x", isSimulated: false, timeLimit: nil))
        let full = try UploaderURL("LiveKit:a%2Fb%25%20c?timeout=2.5&simulated=true")
        #expect(full == .liveKit(roomID: "a/b% c", isSimulated: true, timeLimit: .milliseconds(2500)))
    }

    // EXP-8
    @Test func `It makes an uploader with what the environment adds`() throws {
        let environment = [
            "LIVEKIT_URL": "wss://a.livekit.cloud", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret",
        ]
        let url = try UploaderURL("livekit:RM_x?simulated=true&timeout=300")
        let made = try url.makeUploader(environment: environment, userAgent: "tapeline/1.2.3", logger: logger)
        let uploader = try #require(made as? LiveKitUploader)
        #expect(uploader.roomID == "RM_x")
        #expect(uploader.isSimulated)
        #expect(uploader.timeLimit == .seconds(300))
        #expect(uploader.client.userAgent == "tapeline/1.2.3")
        #expect(uploader.project.endpoint.description == "https://a.livekit.cloud/observability/recordings/v0")
        let error = #expect(throws: RecordingExportError.self) {
            try url.makeUploader(environment: [:], logger: logger)
        }
        #expect(error?.kind == .configuration)
    }

    // EXP-9
    @Test(arguments: [
        ("RM_x", "it is no uploader: write livekit:ROOM-ID"), ("livekit:", "it names no room: write livekit:ROOM-ID"),
        ("livekit:?simulated=true", "it names no room: write livekit:ROOM-ID"),
        ("livekit:a%2", "its room's id holds a % or a #: write %25 for a %, and %23 for a #"),
        ("livekit:a#b", "its room's id holds a % or a #: write %25 for a %, and %23 for a #"),
        (
            "livekit:a?simulated",
            "an option after the ? is unknown: use simulated=true and timeout=SECONDS, joined by &"
        ), ("livekit:a?timeout=0", "timeout is a number of seconds above 0, at most a day: write it in digits"),
    ])
    func `What is wrong with a URL is told`(text: String, sentence: String) {
        let error = #expect(throws: RecordingExportError.self) { try UploaderURL(text) }
        #expect(error?.kind == .configuration)
        #expect(error?.description == "cannot upload to \(text): \(sentence)")
        #expect(error?.spanDescription == "the uploader's URL was not understood")
    }
}
