import RecorderIO

/// The local places of one recording, which may not appear on a span (SPAN-1).
struct LocalPaths: Sendable {
    private let paths: [String]

    /// Of a recording without audio: none.
    init(of recording: SessionRecording) {
        guard let file = recording.file?.path else {
            paths = []
            return
        }
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ""
        paths = folder.isEmpty ? [file] : [file, folder]
    }

    /// Whether `text` names the recording's file or its folder, on its own, in a sentence or as a `file:` URL.
    ///
    /// The path of a URL elsewhere is not a local path, even if it ends alike: `https://host/srv/a` does not name `/srv/a`.
    func appear(in text: String) -> Bool {
        paths.contains { path in
            text.ranges(of: path).contains { range in
                isStart(of: text[..<range.lowerBound]) && isEnd(text[range.upperBound...])
            }
        }
    }

    private func isStart(of textBefore: Substring) -> Bool {
        guard let last = textBefore.last else { return true }
        let isInPath = last.isLetter || last.isNumber || "/._-%~+@".contains(last)
        return !isInPath || textBefore.lowercased().hasSuffix("file://")
            || textBefore.lowercased().hasSuffix("file://localhost")
    }

    private func isEnd(_ textAfter: Substring) -> Bool {
        guard let first = textAfter.first else { return true }
        return !(first.isLetter || first.isNumber || "_-%~+@".contains(first))
    }
}
