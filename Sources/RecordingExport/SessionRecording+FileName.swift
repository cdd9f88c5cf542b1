extension SessionRecording {
    /// The recording's id, where files can be named after it.
    func fileName() throws(RecordingExportError) -> String {
        let isName = recordingID.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 != 0x7f }
        guard !recordingID.isEmpty, recordingID.utf8.count <= 200, !recordingID.hasPrefix("."), isName else {
            throw RecordingExportError(
                .configuration,
                "the recording's id \"\(recordingID)\" is no file name: use a UUID",
                onSpan: "the recording's id is no file name"
            )
        }
        return recordingID
    }
}
