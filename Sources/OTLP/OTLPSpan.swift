import Synchronization
public import Tracing

/// A span that is going on, of ``OTLPTracer``. Any thread may use it.
///
/// The first `end` hands it over for export; whatever is set, added or ended after that is ignored, and so is everything
/// on a span that is not sampled. Reading `attributes` and setting them back are two steps: set them all at once where
/// several threads do.
public final class OTLPSpan: Tracing.Span {
    /// The context it was started in, with ``SpanContext`` of this span in it.
    public let context: ServiceContext
    /// The ids of this span.
    public let spanContext: SpanContext

    private let limits: SpanLimits
    private let processor: any SpanProcessor
    private let openSpans: OpenSpans
    private let recording: Mutex<Recording>

    private struct Recording {
        var span: FinishedSpan
        var isRecording: Bool
    }

    /// Starts recording into `span` if that is sampled.
    init(
        _ span: FinishedSpan,
        in context: ServiceContext,
        limits: SpanLimits,
        processor: any SpanProcessor,
        openSpans: OpenSpans
    ) {
        var context = context
        context.spanContext = span.context
        self.context = context
        self.spanContext = span.context
        self.limits = limits
        self.processor = processor
        self.openSpans = openSpans
        self.recording = Mutex(Recording(span: span, isRecording: span.context.isSampled))
        if span.context.isSampled { openSpans.insert(self) }
    }

    /// Let go of without an end, it is not exported.
    deinit { if isRecording { openSpans.remove(self) } }

    /// False once it has ended, and from the start where it is not sampled.
    public var isRecording: Bool { recording.withLock { $0.isRecording } }

    public var operationName: String {
        get { recording.withLock { $0.span.name } }
        set { record { $0.name = newValue } }
    }

    /// What is over the limit is dropped and counted, newest keys first.
    public var attributes: SpanAttributes {
        get { recording.withLock { $0.span.attributes } }
        set {
            record { span in
                let (kept, droppedCount) = limits.limited(
                    newValue,
                    toCount: limits.attributeCount,
                    keeping: span.attributes
                )
                span.attributes = kept
                span.droppedAttributeCount += droppedCount
            }
        }
    }

    /// Once `ok` it stays; the message of an `ok` is dropped: both as OpenTelemetry has it.
    public func setStatus(_ status: SpanStatus) {
        record { span in
            if span.status?.code == .ok { return }
            span.status = status.code == .ok ? SpanStatus(code: .ok) : status
        }
    }

    /// Adds an event; over the limit the oldest goes, so that what is told at the end of a long recording stays.
    public func addEvent(_ event: SpanEvent) {
        record { span in
            let (kept, droppedCount) = limits.limited(event.attributes, toCount: limits.attributeCountPerEvent)
            span.events.append(
                FinishedSpan.Event(
                    name: event.name,
                    time: event.nanosecondsSinceEpoch,
                    attributes: kept,
                    droppedAttributeCount: droppedCount
                )
            )
            if span.events.count > limits.eventCount {
                span.events.removeFirst()
                span.droppedEventCount += 1
            }
        }
    }

    /// Adds an `exception` event with the error's type and description, and `attributes`; the status stays as it is.
    public func recordError(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> some TracerInstant
    ) {
        guard isRecording else { return }
        var described: SpanAttributes = [
            "exception.type": .string(String(reflecting: type(of: error))),
            "exception.message": .string(String(describing: error)),
        ]
        described.merge(attributes)
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: described))
    }

    /// Links to the span that the link's context names; ignored where it names none. Over the limit the oldest goes.
    public func addLink(_ link: SpanLink) {
        guard let target = link.context.spanContext else { return }
        record { span in
            let (kept, droppedCount) = limits.limited(link.attributes, toCount: limits.attributeCountPerLink)
            span.links.append(FinishedSpan.Link(span: target, attributes: kept, droppedAttributeCount: droppedCount))
            if span.links.count > limits.linkCount {
                span.links.removeFirst()
                span.droppedLinkCount += 1
            }
        }
    }

    /// Ends the span and hands it over for export, without waiting for that; only the first call does.
    ///
    /// A clock that was stepped back since the start would put the end before it: such a span gets a length of zero.
    public func end(at instant: @autoclosure () -> some TracerInstant) {
        guard isRecording else { return }
        let endTime = instant().nanosecondsSinceEpoch
        let finished: FinishedSpan? = recording.withLock { recording in
            guard recording.isRecording else { return nil }
            recording.isRecording = false
            recording.span.endTime = max(endTime, recording.span.startTime)
            return recording.span
        }
        // Outside of the lock, so that a processor may look at the span.
        if let finished {
            openSpans.remove(self)
            processor.spanEnded(finished)
        }
    }

    private func record(_ change: (inout FinishedSpan) -> Void) {
        recording.withLock { recording in
            if recording.isRecording { change(&recording.span) }
        }
    }
}
