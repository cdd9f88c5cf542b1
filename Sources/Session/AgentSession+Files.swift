internal import Capture
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// One file of a session after the other, or one segment: on request, at seams, and because a disk is full or fails.
extension AgentSession {
    /// Goes on in the next file, with no frame lost or doubled between them (CLI-1). The one that ended is finalized,
    /// exported and reported on its own, with a span of its own, while recording goes on.
    ///
    /// - Throws: where the next file cannot be made; the recording goes on in the present one then.
    public func startNextFile() async throws(SessionError) {
        guard let run, let recorder, end == nil, fileChange == nil, !isBetweenFiles else {
            throw .recorder(.notRecording)
        }
        let change = Task { await changeFile(from: run, recorder) }
        fileChange = change
        let error = await change.value
        fileChange = nil
        if let error { throw .recorder(error) }
    }

    private func changeFile(from ended: SessionRun, _ recorder: RecorderIO) async -> RecorderError? {
        if segments != nil { return await changeSegment(from: ended, recorder) }
        let recordingID = Self.newID()
        let path = path(of: recordingID)
        fileNumber += 1
        journal(recordingID, path, exporters)
        do throws(RecorderError) {
            if isBetweenFiles {
                try await recorder.goOn(path: path, recordingID: recordingID)
            } else {
                await endEarly(ended, try await recorder.startNextFile(path: path, recordingID: recordingID))
            }
            isBetweenFiles = false
            run = newRun(recordingID, path, in: ended.parent)
            return nil
        } catch {
            options.journal?.didNotBegin(recordingID)
            return error
        }
    }

    private func changeSegment(from ended: SessionRun, _ recorder: RecorderIO) async -> RecorderError? {
        do throws(RecorderError) {
            if isBetweenFiles {
                try await recorder.goOnInNextSegment()
            } else {
                await endEarly(ended, try await recorder.startNextSegment())
            }
            isBetweenFiles = false
            return nil
        } catch {
            return error
        }
    }

    /// A file that ends while the session goes on is exported and reported on its own; a segment as a part of the whole.
    func endEarly(_ ended: SessionRun, _ pending: PendingRecording) async {
        if let segments {
            return await segments.take { [options] in await pending.outcome(timeLimit: options.finalizeLimit) }
        }
        earlierGates.append(ended.gate)
        earlierEnds.append(
            Task { [options] in
                let begin = ContinuousClock.now
                let outcome = await pending.outcome(timeLimit: options.finalizeLimit)
                return await report(endOf: ended, outcome, since: begin, heldBy: nil)
            }
        )
    }

    /// Reports a file that the disk has ended, and goes on in another when there is room, until the recording ends.
    func watchFiles(of recorder: RecorderIO) async {
        for await event in recorder.fileEvents {
            // Which file it is must be known first.
            _ = await fileChange?.value
            guard let run else { return }
            switch event {
            case .ended(let pending):
                isBetweenFiles = true
                await endEarly(run, pending)
            case .seam(let pending): await endEarly(run, pending)
            case .refused(let file, _): options.journal?.segmentEnded(file.recordingID)
            case .room:
                // Also where an event never had one.
                isBetweenFiles = true
                let error = await changeFile(from: run, recorder)
                if let error, error != .notRecording { logger.error("there is no next file yet: \(error)") }
            }
        }
    }

    func recorderOptions(_ path: String, _ recordingID: String, _ files: SegmentFiles?) -> RecorderOptions {
        let isTriggered = options.segments?.trigger != nil
        // A triggered recording has no file until its first event.
        let first =
            (isTriggered ? nil : files?.next(0, Timestamp.now()))
            ?? SegmentFile(path: path, recordingID: recordingID)
        var recorder = RecorderOptions(
            input: options.input,
            output: options.output,
            filePath: first.path,
            recordingID: first.recordingID
        )
        recorder.container = options.container
        recorder.replacesFile = options.replacesFile && files == nil
        recorder.durationSeconds = options.durationSeconds
        recorder.liveness = options.liveness
        if let files, let segments = options.segments {
            recorder.segments = RecorderSegments(segments.segmentation, trigger: segments.trigger) {
                files.next($0, $1)
            }
        }
        return recorder
    }
}
