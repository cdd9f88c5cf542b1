/// An element of an XML answer, with the names of its namespaces left out.
///
/// Read strictly: what is not well-formed, or has a document type, is none at all. Attributes are passed over.
package struct S3Element: Hashable, Sendable {
    package private(set) var name: String
    /// Its own, without that of its children.
    package private(set) var text = ""
    package private(set) var children: [S3Element] = []

    /// The root of a document; nil where it is none.
    package init?(xml bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let root = reader.root() else { return nil }
        self = root
    }

    private init(name: String) { self.name = name }

    /// The text of the first child of that name; nil where it is not there, or empty.
    package subscript(_ name: String) -> String? {
        let child = children.first { $0.name == name }
        return child.flatMap { $0.text.isEmpty ? nil : $0.text }
    }

    private struct Reader {
        private static let greatestDepth = 32

        let bytes: [UInt8]
        private var position = 0
        /// The elements that are not closed yet, with their names as written.
        private var open: [(name: String, element: S3Element)] = []
        private var finished: S3Element?

        init(bytes: [UInt8]) {
            self.bytes = bytes
            if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        }

        mutating func root() -> S3Element? {
            while position < bytes.count { guard takeNext() else { return nil } }
            return open.isEmpty ? finished : nil
        }

        /// Returns false for what is not well-formed.
        private mutating func takeNext() -> Bool {
            if skip("<!--") { return upTo("-->") != nil }
            if skip("<![CDATA[") {
                return upTo("]]>").flatMap { String(validating: $0, as: UTF8.self) }.map { take(text: $0) } ?? false
            }
            if skip("<?") { return upTo("?>") != nil }
            if skip("<!") { return false }
            if skip("</") {
                return upTo(">").flatMap { String(validating: $0, as: UTF8.self) }.map { close($0) } ?? false
            }
            if skip("<") { return takeTag() }
            let run = bytes[position...].prefix { $0 != UInt8(ascii: "<") }
            position = run.endIndex
            return Self.decoded(run).map { take(text: $0) } ?? false
        }

        private mutating func take(text: String) -> Bool {
            guard !open.isEmpty else { return text.allSatisfy(\.isWhitespace) }
            open[open.count - 1].element.text += text
            return true
        }

        private mutating func takeTag() -> Bool {
            var quote: UInt8?
            let tag = bytes[position...].prefix { byte in
                if let mark = quote {
                    if byte == mark { quote = nil }
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    quote = byte
                } else if byte == UInt8(ascii: ">") {
                    return false
                }
                return byte != UInt8(ascii: "<")
            }
            guard tag.endIndex < bytes.count, bytes[tag.endIndex] == UInt8(ascii: ">") else { return false }
            position = tag.endIndex + 1
            guard let text = String(validating: tag, as: UTF8.self) else { return false }
            let isClosed = text.hasSuffix("/")
            let name = (isClosed ? text.dropLast() : text[...]).prefix { !$0.isWhitespace }
            let first = name.first
            guard first?.isLetter == true || first == "_", open.count < Self.greatestDepth, finished == nil else {
                return false
            }
            let localName = name.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            open.append((String(name), S3Element(name: localName)))
            return isClosed ? close(String(name)) : true
        }

        private mutating func close(_ name: String) -> Bool {
            guard let (openName, element) = open.popLast(), Substring(name).trimmed == openName else { return false }
            if open.isEmpty {
                finished = element
            } else {
                open[open.count - 1].element.children.append(element)
            }
            return true
        }

        private mutating func skip(_ text: StaticString) -> Bool {
            let bytes = Array(text.description.utf8)
            guard self.bytes[position...].starts(with: bytes) else { return false }
            position += bytes.count
            return true
        }

        /// What comes before `end`, which is skipped too; nil where it does not come.
        private mutating func upTo(_ end: StaticString) -> ArraySlice<UInt8>? {
            let end = Array(end.description.utf8)
            guard let range = bytes[position...].firstRange(of: end) else { return nil }
            defer { position = range.upperBound }
            return bytes[position..<range.lowerBound]
        }

        /// Text with its entities and character references put in; nil where one is unknown.
        private static func decoded(_ run: ArraySlice<UInt8>) -> String? {
            guard let text = String(validating: run, as: UTF8.self) else { return nil }
            var decoded = ""
            var rest = text[...]
            while let mark = rest.firstIndex(of: "&") {
                guard let end = rest[mark...].firstIndex(of: ";"),
                    let character = character(rest[rest.index(after: mark)..<end])
                else { return nil }
                decoded += rest[..<mark]
                decoded.append(character)
                rest = rest[rest.index(after: end)...]
            }
            return decoded + rest
        }

        private static func character(_ reference: Substring) -> Character? {
            switch reference {
            case "amp": return "&"
            case "lt": return "<"
            case "gt": return ">"
            case "quot": return "\""
            case "apos": return "'"
            default:
                guard reference.hasPrefix("#") else { return nil }
                let isHexadecimal = reference.hasPrefix("#x")
                let digits = reference.dropFirst(isHexadecimal ? 2 : 1)
                return UInt32(digits, radix: isHexadecimal ? 16 : 10).flatMap(Unicode.Scalar.init).map(Character.init)
            }
        }
    }
}
