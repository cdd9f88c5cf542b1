import Glibc
import RecorderIO
import RecordingStore
import TestSupport

/// libFuzzer's entry: repairs the bytes as a file of the container that the first of them names, with checksums that are
/// right where it asks for that. A crash, or a repair of an hour, is what it looks for.
@_cdecl("LLVMFuzzerTestOneInput") public func repairOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    var bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let choice = Int(bytes.removeFirst())
    if choice & 8 != 0 { ForgedChecksums.forge(&bytes) }
    let path = "/dev/shm/repair-\(getpid()).part"
    let file = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0, unsafe write(file, bytes, bytes.count) == bytes.count, close(file) == 0 else { return 0 }
    let container = Container.allCases[(choice & 7) % Container.allCases.count]
    do throws(RepairError) {
        let repaired = try RecordingRepair.repair(partAt: path, container: container)
        precondition(repaired.frameCount > 0 && repaired.byteCount <= Int64(bytes.count) + 1)
        precondition(repaired.byteCountBefore == Int64(bytes.count))
        let again = try RecordingRepair.repair(partAt: path, container: container)
        let isForgedFLAC = container == .flac && choice & 8 != 0
        precondition(isForgedFLAC || again.frameCount == repaired.frameCount && again.byteCount == repaired.byteCount)
    } catch {
        if case .file = error { preconditionFailure("\(error)") }
    }
    return 0
}
