import Foundation
import Glibc

/// libFuzzer's first call: with `FUZZ_SEEDS` writes the seeds there, and ends.
@_cdecl("LLVMFuzzerInitialize") public func initialize(_ count: OpaquePointer, _ arguments: OpaquePointer) -> CInt {
    guard let folder = ProcessInfo.processInfo.environment["FUZZ_SEEDS"] else { return 0 }
    do {
        for (index, seed) in try Fuzzer.target.seeds.enumerated() {
            try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seed-\(index)"))
        }
    } catch {
        preconditionFailure("\(error)")
    }
    exit(0)
}

/// libFuzzer's entry: what it looks for is a crash, an input that takes too long, or a contradiction.
@_cdecl("LLVMFuzzerTestOneInput") public func runOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    do {
        try Fuzzer.target.run(unsafe [UInt8](UnsafeBufferPointer(start: start, count: count)))
    } catch {
        FileHandle.standardError.write(Data("tapeline: \(error)\n".utf8))
        abort()
    }
    return 0
}

/// What `FUZZ_TARGET` names.
private enum Fuzzer {
    static let target: FuzzTarget = {
        guard let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? "") else {
            preconditionFailure("set FUZZ_TARGET to one of \(FuzzTarget.allCases.map(\.rawValue))")
        }
        return target
    }()
}
