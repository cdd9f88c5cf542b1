internal import Audio
internal import Capture
internal import FrameRing
internal import Logging

/// One file after the other, on request or because the disk is full or fails.
extension RecorderLoop {
    /// Room that another file must find: the reserve, and so much of the device's own bytes.
    private static let leastSeconds = 10

    /// Goes on in another file, with no frame lost or doubled between them; after an outage, with what the ring has kept.
    mutating func startNextFile(_ wish: NextFile) {
        guard wish.goesOn == (file == nil), failure == nil || file == nil else {
            return wish.started.complete(.notRecording)
        }
        guard let place = wish.file ?? nextSegment() else { return wish.started.complete(.notRecording) }
        var next: RecordingFile?
        do throws(RecorderError) {
            next = try RecordingFile(
                path: place.path,
                recordingID: place.recordingID,
                container: options.container,
                format: format,
                replacing: options.replacesFile,
                firstFrame: position,
                droppedFrameCount: droppedFrameCount
            )
        } catch {
            if wish.goesOn { outage.failed(.now()) }
            if wish.file == nil { shared.fileEvents.yield(.refused(place, error)) }
            return wish.started.complete(error)
        }
        if isSegmented {
            // A segment is as long as others, wherever it begins.
            seamOrigin = position
            seam = .max
        }
        swap(&file, &next)
        if let ended = next.take() {
            finalize(ended, into: wish.ended)
        } else {
            let loss = droppedFrameCount == 0 ? "no frame is lost" : "\(droppedFrameCount) frames could not be kept"
            logger.warning("recording goes on in \(place.path): \(loss)")
            droppedFrameCount = 0
            failure = nil
            outage.end()
            hasToldOfOutage = false
            trigger?.goOn(at: position)
        }
        tracks.liveness.beginFile()
        wish.started.complete(nil)
    }

    /// Ends a file that cannot be written any more, and keeps what it holds (REC-9). Capture goes on (CAP-5).
    mutating func endFile(_ error: RecorderError) {
        failure = error
        guard !isEnding, let ended = file.take() else { return }
        outage.begin(.now(), after: format.duration(ofFrames: ended.frameCount) / .seconds(1))
        let completion = Completion<RecordingOutcome>()
        finalize(ended, into: completion)
        shared.fileEvents.yield(.ended(PendingRecording(completion: completion)))
    }

    /// Finalizes a file on a thread of its own, so that a long file's digest does not keep the ring waiting.
    mutating func finalize(_ ending: consuming RecordingFile, into ended: Completion<RecordingOutcome>) {
        var file = ending
        file.drop(tracks.takeDroppedFrameCount())
        if isSegmented {
            earlierGaps.count += file.gaps.count
            earlierGaps.frameCount += file.gapFrameCount
        }
        let circumstances = circumstances(of: file)
        let finalizers = shared.finalizers
        finalizers.begin()
        do throws(CaptureError) {
            _ = try RealtimeThread(name: "tapeline-final", owning: file) { file in
                ended.complete(file.finalize(circumstances))
                finalizers.end()
            }
        } catch {
            finalizers.end()
            var outcome = RecordingOutcome(recording: nil, error: .capture(error))
            outcome.isLeftBehind = true
            ended.complete(outcome)
        }
    }

    consuming func finalizeLastFile() -> RecordingOutcome {
        guard var file = file.take() else {
            var outcome = RecordingOutcome(recording: nil, error: failure)
            outcome.droppedFrameCount = droppedFrameCount
            return outcome
        }
        file.drop(droppedFrameCount + tracks.takeDroppedFrameCount())
        let circumstances = circumstances(of: file)
        return file.finalize(circumstances)
    }

    /// When the track's first frame was captured.
    private var trackStart: HostTime? { segmentedStart ?? tracks.startTime }

    /// The same as wall time, in seconds since 1970.
    var trackStartWallTime: Double { wallTimeAtStart + (trackStart?.seconds(since: hostTimeAtStart) ?? 0) }

    private func circumstances(of file: borrowing RecordingFile) -> RecordingFile.Circumstances {
        RecordingFile.Circumstances(
            trackStart: trackStart,
            trackStartWallTime: trackStartWallTime,
            measuredRate: tracks.measuredRate,
            conditions: tracks.liveness.periods(in: file.firstFrame..<file.firstFrame + file.frameCount),
            failure: failure
        )
    }

    // MARK: Room on the disk

    /// Looks, within the usual wake-ups, whether another file would find room.
    mutating func lookForRoom() {
        guard file == nil, !isOver, outage.isLookDue(.now()) else { return }
        let needed = DiskReserve.byteCount + Int64(Self.leastSeconds * format.sampleRate * format.bytesPerFrame)
        if DiskSpace.freeByteCount(of: folder) >= needed {
            outage.foundRoom()
            shared.fileEvents.yield(.room)
        } else if !hasToldOfOutage {
            hasToldOfOutage = true
            let kept = "until then the last \(options.ringSeconds * 3 / 4) s are kept"
            logger.warning("recording waits for \(needed / 1_000_000 + 1) MB of room on the disk of \(folder): \(kept)")
        }
    }

    /// Tells of a disk that fills up (DUR-4).
    mutating func watchSpace() {
        guard let bytesPerSecond = file?.bytesPerSecond, lowSpace.isDue(.now()) else { return }
        switch lowSpace.news(freeByteCount: DiskSpace.freeByteCount(of: folder), bytesPerSecond: bytesPerSecond) {
        case .low(let seconds):
            logger.warning("the disk of \(folder) has room for \(seconds / 60) min \(seconds % 60) s: free some space")
        case .ample: logger.notice("the disk of \(folder) has room again")
        case nil: break
        }
    }
}
