public import Audio

/// An application's audio source as it was, each of whose frames are recorded as they pass.
///
/// Elements, their order, the end, errors and cancellation are the source's own. Iterate it once at a time: who iterates a
/// source twice gets, and records, twice what it gives twice.
public struct RecordedInput<Source: AsyncSequence>: AsyncSequence where Source.Element == TimedFrames {
    public typealias Element = TimedFrames
    public typealias Failure = Source.Failure

    private let source: Source
    private let attachment: InputAttachment

    init(_ source: Source, _ attachment: InputAttachment) {
        self.source = source
        self.attachment = attachment
    }

    public func makeAsyncIterator() -> Iterator { Iterator(source.makeAsyncIterator(), attachment) }

    public struct Iterator: AsyncIteratorProtocol {
        private var source: Source.AsyncIterator
        private let attachment: InputAttachment

        fileprivate init(_ source: Source.AsyncIterator, _ attachment: InputAttachment) {
            self.source = source
            self.attachment = attachment
        }

        public mutating func next() async throws(Source.Failure) -> TimedFrames? {
            try await next(isolation: #isolation)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Source.Failure) -> TimedFrames? {
            do throws(Source.Failure) {
                let element = try await source.next(isolation: actor)
                if let element { attachment.record(element) } else { attachment.rest() }
                return element
            } catch {
                attachment.rest()
                throw error
            }
        }
    }
}

extension RecordedInput: Sendable where Source: Sendable {}
@available(*, unavailable)
extension RecordedInput.Iterator: Sendable {}
