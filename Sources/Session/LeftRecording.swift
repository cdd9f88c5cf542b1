internal import Audio
internal import FoundationEssentials
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// The files that a process left behind when it died in or after a recording, and what they come to.
///
/// Each step may be done again after another death: what is done by then is found done.
struct LeftRecording {
    let open: OpenRecording
    let database: StateDatabase

    /// The same as `end`, on a thread of its own: it may take as long as reading the whole file does.
    func endInTime() async -> Result<(outcome: RecordingOutcome, recovered: RecordingLoss)?, RecorderError> {
        let call = TimeLimitedCall<(outcome: RecordingOutcome, recovered: RecordingLoss)?> { _ in }
        return switch await call.ending(within: .seconds(24 * 3600), of: { try end() }) {
        case .returned(let ended): .success(ended)
        case .threw(let error as RecorderError): .failure(error)
        case .threw, .timedOut, .cancelled: .failure(.notRecording)
        }
    }

    /// Ends the recording as REC-7 says, from wherever its process got to.
    ///
    /// - Returns: nil where it never began.
    /// - Throws: where another try may go further.
    func end() throws(RecorderError) -> (outcome: RecordingOutcome, recovered: RecordingLoss)? {
        let known = open.loss ?? RecordingLoss()
        guard let path = open.filePath else { return (RecordingOutcome(recording: nil), known) }
        let reportPath = RecordingPlace.reportPath(forFile: path)
        if exists(path + ".part") { return try finalize(path) }
        if open.segment != nil, !exists(path) { return nil }
        // Without a span it did not come to making the file, nor was it repaired.
        guard !open.span.isEmpty || open.loss != nil else { return nil }
        if let report = SessionReport(atPath: reportPath), let recording = report.recording {
            if recording.id == open.recordingID, exists(path), let finished = recording.finished {
                return (RecordingOutcome(recording: finished), report.recovered ?? known)
            }
            // A later recording took the name.
            let startedAt = Timestamp.seconds(rfc3339: recording.startedAt) ?? 0
            guard startedAt < open.startedAt else {
                return (RecordingOutcome(recording: nil, error: .nothingLeft), known)
            }
        }
        guard exists(path) else { return (RecordingOutcome(recording: nil, error: .nothingLeft), known) }
        // It died between the last name and the report. A whole file is repaired into itself.
        do throws(RepairError) {
            let file = try RecordingRepair.repair(partAt: path, container: open.container)
            return (RecordingOutcome(recording: try finished(file, path)), known)
        } catch {
            throw recorderError(error)
        }
    }

    private func finalize(
        _ path: String
    ) throws(RecorderError) -> (outcome: RecordingOutcome, recovered: RecordingLoss) {
        do throws(RepairError) {
            let file = try RecordingRepair.repair(partAt: path + ".part", container: open.container)
            let loss = open.loss ?? loss(file)
            do throws(RecorderError) {
                // Behind the rename nobody could tell any more.
                try keep(loss)
                try PartFile(leftBehindAt: path + ".part").finalize(replacing: open.replacesFile)
            } catch {
                throw .file(error)
            }
            return (RecordingOutcome(recording: try finished(file, path)), loss)
        } catch .noAudio {
            try discard(path + ".part")
            try removeOwnFolder(of: path)
            return (RecordingOutcome(recording: nil, error: .nothingLeft), RecordingLoss())
        } catch .unreadable {
            try PartFile(leftBehindAt: path + ".part").setAside()
            return (RecordingOutcome(recording: nil, error: .damaged(path: path + ".damaged")), RecordingLoss())
        } catch {
            throw recorderError(error)
        }
    }

    private func keep(_ loss: RecordingLoss) throws(RecorderError) {
        var open = open
        open.loss = loss
        do throws(StoreError) { try database.keep(open) } catch { throw .resources(reason: error.description) }
    }

    private func loss(_ file: RepairedFile) -> RecordingLoss {
        RecordingLoss(
            cutBytes: file.cutByteCount,
            damagedBytes: file.damagedByteCount,
            lostFramesAtMost: Self.unwrittenFrameCount(open.container, file.format) + file.zeroFrameCount
        )
    }

    /// What may have been on its way to the disk (REC-8): a second, and the codec's last block or page. The second is the
    /// half between two syncs, a quarter that the device hands over at once, and a quarter for the disk.
    static func unwrittenFrameCount(_ container: Container, _ format: AudioFormat) -> Int64 {
        let rate = Int64(format.sampleRate)
        let block: Int64 =
            switch container {
            case .wav, .rf64, .w64: 0
            case .flac: 4096
            case .oggVorbis, .oggOpus: rate / 5
            }
        return rate + block
    }

    private func finished(_ file: RepairedFile, _ path: String) throws(RepairError) -> FinishedRecording {
        var format = file.format
        if let known = open.format, known.sampleRate == format.sampleRate, known.channelCount == format.channelCount {
            // The file does not tell how the device had it.
            format = known
        }
        do throws(RecorderError) {
            let (sha256, byteCount) = try SHA256.ofFile(atPath: path)
            return FinishedRecording(
                id: open.recordingID,
                path: path,
                container: open.container,
                format: format,
                measuredRate: nil,
                frameCount: file.frameCount,
                startedAt: open.startedAt,
                sha256: sha256,
                byteCount: byteCount,
                peakDBFS: nil,
                droppedFrameCount: 0,
                gaps: []
            )
        } catch {
            throw .file(error)
        }
    }

    private func recorderError(_ error: RepairError) -> RecorderError {
        switch error {
        case .file(let error): error
        case .noAudio: .nothingLeft
        case .unreadable(let path, _): .damaged(path: path)
        }
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func discard(_ path: String) throws(RecorderError) {
        guard exists(path) else { return }
        try PartFile(leftBehindAt: path).discard()
    }

    private func removeOwnFolder(of path: String) throws(RecorderError) {
        let folder = Folder.parent(of: path)
        guard RecordingPlace.isOwnFolder(ofFile: path) else { return }
        do {
            guard try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else { return }
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            throw .file(path: folder, call: "rmdir", code: 0)
        }
    }
}
