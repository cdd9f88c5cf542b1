import HTTP

/// Looks that the recording within a larger body is what was finalized, and holds back its last piece otherwise.
final class PartInspector: HTTPBodyInspector {
    /// Where it is in the body. No piece lies across its ends.
    private let range: Range<Int64>
    private let inspector: RecordingInspector
    private var offset: Int64 = 0

    init(range: Range<Int64>, sha256: String) {
        self.range = range
        inspector = RecordingInspector(sha256: sha256)
    }

    func inspect(_ piece: RawSpan, isLast: Bool) -> Bool {
        let start = offset
        offset += Int64(piece.byteCount)
        guard range.contains(start) else { return true }
        return inspector.inspect(piece, isLast: offset == range.upperBound)
    }
}
