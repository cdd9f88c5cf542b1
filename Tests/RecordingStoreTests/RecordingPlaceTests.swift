import RecorderIO
import RecordingStore
import Testing

@Suite struct RecordingPlaceTests {
    private func path(_ place: RecordingPlace, _ number: Int = 0) -> String {
        place.filePath(recordingID: "id", startedAt: "20261123T013000Z", container: .flac, number: number)
    }

    // REC-7, CLI-5
    @Test func `A recording below a directory has a folder of its own, named by time and id`() {
        #expect(path(.directory(path: "/d")) == "/d/recordings/20261123T013000Z-id/recording.flac")
    }

    // CLI-1
    @Test(arguments: [
        ("/a/take.wav", 0, "/a/take.wav"), ("/a/take.wav", 1, "/a/take-01.wav"), ("/a/take.wav", 12, "/a/take-12.wav"),
        ("/a.b/take", 2, "/a.b/take-02"), ("/a/.hidden", 1, "/a/.hidden-01"), ("take.x.wav", 100, "take.x-100.wav"),
    ])
    func `The next files of a name are numbered before the ending`(name: String, number: Int, expected: String) {
        #expect(path(.file(path: name), number) == expected)
    }

    // DUR-1
    @Test(arguments: [
        ("20261123T013000Z-0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69", true), ("20261123T013000Z-id", false),
        ("20261123T013000.5Z-0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69", false),
        ("99991231T235960Z-0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69", false),
    ]) func `Only a name as it is written is a recording's own folder`(name: String, isOwn: Bool) {
        #expect(RecordingPlace.isOwnFolder(ofFile: "/d/recordings/\(name)/recording.wav") == isOwn)
    }

    // CLI-5
    @Test func `The report stands beside the recording`() {
        #expect(RecordingPlace.reportPath(forFile: "/a/take.wav") == "/a/take.wav.json")
    }
}
