public import Capture
internal import FrameRing
internal import Glibc

/// What can go wrong between the ring and the finalized file. Each description is one sentence that names the fix.
public enum RecorderError: Error, Hashable, Sendable {
    case capture(CaptureError)
    /// The container cannot hold the format; `option` is what to change.
    case cannotHold(container: Container, what: String, option: String)
    /// The file is there already, and names are never reused (REC-7).
    case exists(path: String)
    /// A recording to the same file runs, or was cut off: its `.part` file is there.
    case unfinishedExists(path: String)
    /// A file is to be mended that a living process writes.
    case inUse(path: String)
    /// A file or folder cannot be made or written: the call that refused, and its errno.
    case file(path: String, call: String, code: Int32)
    /// The disk refused to say that it has the file, which is kept under this path.
    case suspect(path: String, call: String, code: Int32)
    /// libsndfile, libvorbis or libcrypto refused.
    case encoder(reason: String)
    /// The disk did not take the rest in time; the file stays under its `.part` name.
    case unfinished(seconds: Int)
    /// The process died before any of the recording was on the disk.
    case nothingLeft
    /// The process died, and the file that it left, now under this path, cannot be read.
    case damaged(path: String)
    /// The recording is over, or about to go on in another file already.
    case notRecording
    /// A session's two tracks are to be recorded by events.
    case triggerNeedsOneTrack
    /// The application is to feed a track that it does not feed.
    case noFeed(track: String)
    /// An application's frames have other channels than their track, and nothing is remixed.
    case channels(asked: Int, track: Int)
    /// No memory for the ring or a thread.
    case resources(reason: String)
}

extension RecorderError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .capture(let error): error.description
        case .cannotHold(let container, let what, let option):
            "\(container.rawValue) cannot hold \(what): use \(option)"
        case .exists(let path): "\(path) exists already: choose another name, or --force to replace it"
        case .unfinishedExists(let path):
            "\(path) is there, from a recording that runs or was cut off: move it away, or choose another name"
        case .inUse(let path): "\(path) is being written: wait for the end of that recording"
        case .file(let path, let call, let code):
            "\(call) of \(path) failed (\(Self.reason(code))): \(Self.advice(code))"
        case .suspect(let path, let call, let code):
            "\(call) of \(path) failed (\(Self.reason(code))), so the file may not be whole on the disk: compare it with "
                + "the SHA-256 in its report, and check the disk"
        case .encoder(let reason): "the encoder refused (\(reason)): choose another --container"
        case .unfinished(let seconds):
            "the disk did not take the recording within \(seconds) s: the file keeps its .part name, check the disk"
        case .nothingLeft: "the process died before any audio was on the disk: nothing can be recovered"
        case .damaged(let path): "\(path) was left behind without a whole header: restore it by hand, or remove it"
        case .notRecording: "the recording is over or changes its file just now: start another one"
        case .triggerNeedsOneTrack: "events are found on one device: leave out --trigger, or --output-track"
        case .noFeed(let track): "the \(track) is not fed by the application: start with its TrackSource as application"
        case .channels(let asked, let track):
            "frames of \(asked) channels cannot go to a track of \(track): give \(track), or start with another format"
        case .resources(let reason): reason
        }
    }

    /// The same without any local path, for spans (SPAN-1).
    public var spanDescription: String {
        switch self {
        case .capture: "the device failed"
        case .cannotHold(let container, let what, _): "\(container.rawValue) cannot hold \(what)"
        case .exists, .unfinishedExists: "the file exists already"
        case .inUse: "the file is being written"
        case .file(_, let call, let code), .suspect(_, let call, let code): "\(call) failed (\(Self.reason(code)))"
        case .encoder(let reason): "the encoder refused (\(reason))"
        case .unfinished(let seconds): "the disk did not take the recording within \(seconds) s"
        case .nothingLeft: "the process died before any audio was on the disk"
        case .damaged: "the process died, and the file that it left cannot be read"
        case .notRecording: "the recording is over"
        case .triggerNeedsOneTrack: "events are found on one device"
        case .noFeed: "a track is not fed by the application"
        case .channels: "frames had other channels than their track"
        case .resources: "no memory for the ring or a thread"
        }
    }

    /// Whether room on the disk would help.
    var isDiskFull: Bool {
        guard case .file(_, _, let code) = self else { return false }
        return code == ENOSPC || code == EDQUOT
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func advice(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "free some space, or choose another --directory"
        case EROFS: "the file system is read-only, choose another --directory"
        case EACCES, EPERM: "let this user write there, or choose another --directory"
        case ENOENT, ENOTDIR: "make the folder, or choose another --directory"
        default: "check the disk, or choose another --directory"
        }
    }
}

extension RecorderError {
    /// What needs memory or descriptors of the system, or why there are none.
    static func needing<Made: ~Copyable>(_ make: () throws(FrameRingError) -> Made) throws(RecorderError) -> Made {
        do throws(FrameRingError) { return try make() } catch { throw .resources(reason: error.description) }
    }
}
