internal import FoundationEssentials
internal import RecorderIO
internal import RecordingStore
internal import Synchronization

/// Names the segments of one recording, each once, and writes them into the journal before they are made.
final class SegmentFiles: Sendable {
    let manifestPath: String
    private let recordingID: String
    private let sessionID: String
    private let options: SessionOptions
    private let name: SegmentName
    private let exporterURLs: [String]

    private struct State {
        var number = 0
        /// The next number of each name.
        var numbers: [String: Int] = [:]
        /// The latest time that a name tells: names sort, also where a device without a clock turns out to be one.
        var time = -Double.infinity
        var span: [String: String] = [:]
        var last: OpenRecording?
        /// Whether the manifest's folder was made for it; nil until it is claimed.
        var hasNewFolder: Bool?
    }

    private let state = Mutex(State())

    init(
        of recordingID: String,
        manifestPath: String,
        sessionID: String,
        options: SessionOptions,
        name: SegmentName,
        exporterURLs: [String]
    ) {
        self.recordingID = recordingID
        self.manifestPath = manifestPath
        self.sessionID = sessionID
        self.options = options
        self.name = name
        self.exporterURLs = exporterURLs
    }

    /// The manifest of a recording that has no segment yet.
    var manifest: RecordingManifest {
        RecordingManifest(
            recordingID: recordingID,
            sessionID: sessionID,
            container: options.container,
            segmentation: options.segments?.segmentation,
            trigger: options.segments?.trigger
        )
    }

    /// Makes the manifest, so that no other recording takes its name.
    func claim() throws(RecorderError) {
        let hasNewFolder = !FileManager.default.fileExists(atPath: Folder.parent(of: manifestPath))
        let text: String
        do { text = try manifest.json() } catch { throw .encoder(reason: "\(error)") }
        try DurableFile.write(text, to: manifestPath, replacing: options.replacesFile)
        state.withLock { $0.hasNewFolder = hasNewFolder }
    }

    /// Gives back what was claimed, as the recording did not begin (SES-3).
    func release() {
        let (hasNewFolder, last) = state.withLock { ($0.hasNewFolder, $0.last) }
        if let last { options.journal?.didNotBegin(last.recordingID) }
        guard let hasNewFolder else { return }
        do {
            try FileManager.default.removeItem(atPath: manifestPath)
            let folder = Folder.parent(of: manifestPath)
            guard hasNewFolder, try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else { return }
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            // An empty manifest, which the next recording of that name has to replace.
        }
    }

    /// The segment that begins at a frame.
    ///
    /// - Parameter startedAt: wall time of that frame, in seconds since 1970.
    func next(_ firstFrame: Int64, _ startedAt: Double) -> SegmentFile {
        state.withLock { state in
            state.number += 1
            state.time = max(state.time, startedAt)
            let text = name.text(startedAt: state.time, number: state.number)
            let path = freePath(text, &state.numbers[text, default: 0])
            var open = OpenRecording(
                recordingID: UUID().uuidString.lowercased(),
                sessionID: sessionID,
                startedAt: startedAt,
                filePath: path,
                container: options.container,
                version: options.version
            )
            open.segment = SegmentPlace(of: recordingID, firstFrame: firstFrame)
            open.span = state.span
            open.exporterURLs = exporterURLs
            // Before the file is made, so that no file is ever without its session.
            options.journal?.began(open)
            state.last = open
            return SegmentFile(path: path, recordingID: open.recordingID)
        }
    }

    private func freePath(_ text: String, _ number: inout Int) -> String {
        while true {
            let path = options.place.segmentPath(
                text,
                manifestPath: manifestPath,
                container: options.container,
                number: number
            )
            number += 1
            guard [path, path + ".part"].contains(where: FileManager.default.fileExists) else { return path }
        }
    }

    /// Keeps the session's span with the segments, from the one that goes on.
    func setSpan(_ headers: [String: String]) {
        state.withLock { state in
            state.span = headers
            guard var open = state.last else { return }
            open.span = headers
            options.journal?.began(open)
        }
    }
}
