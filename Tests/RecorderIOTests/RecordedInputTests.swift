import Audio
import Synchronization
import TestSupport
import Testing

@testable import RecorderIO

@Suite struct RecordedInputTests {
    private struct Failure: Error, Equatable {}

    /// A source that gives what it is told, then ends or fails.
    private struct Scripted: AsyncSequence, Sendable {
        typealias Element = TimedFrames
        typealias Failure = RecordedInputTests.Failure
        var elements: [TimedFrames]
        var isFailing = false

        struct Iterator: AsyncIteratorProtocol {
            var rest: ArraySlice<TimedFrames>
            let isFailing: Bool

            mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(RecordedInputTests.Failure) -> TimedFrames? {
                if let first = rest.popFirst() { return first }
                if isFailing { throw RecordedInputTests.Failure() }
                return nil
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(rest: elements[...], isFailing: isFailing) }
    }

    private let clock = HandClock()
    private let feed = NotedFeed()

    private var side: InputSide {
        let clock = clock
        return InputSide(feed) { clock.now }
    }

    private func random(_ random: inout Random, number: inout Int) throws -> TimedFrames {
        let count = [0, 1, 160, 441, random.below(2000)][random.below(5)]
        defer { number += count }
        let frames = try Numbered.frames(number..<number + count, Numbered.formats[random.below(5)])
        return TimedFrames(frames, hostTime: HostTime(nanoseconds: Int64(random.below(1 << 40))))
    }

    private func note(_ element: TimedFrames, _ clock: FrameClock) -> NotedFeed.Note {
        .frames(element.frames.bytes, element.frames.format, element.hostTime, clock)
    }

    @Test(arguments: 0..<10)
    func `REC-1: Over random schedules all passes unchanged, and what is attached is recorded at its time`(
        part: Int
    ) async throws {
        for seed in 0..<100 {
            let feed = NotedFeed()
            let clock = clock
            let side = InputSide(feed) { clock.now }
            var random = Random(seed: UInt64(part * 1000 + seed))
            var number = 0
            var expected: [NotedFeed.Note] = []
            var iterators: [(RecordedInput<Scripted>.Iterator, rest: [TimedFrames], FrameClock, isFailing: Bool)] = []
            for _ in 0..<40 {
                clock.advance(seconds: 0.01)
                if iterators.isEmpty || random.below(10) == 0 {
                    let elements = try (0..<random.below(8)).map { _ in try self.random(&random, number: &number) }
                    let frameClock: FrameClock = random.below(2) == 0 ? .exact : .measured
                    let isFailing = random.below(3) == 0
                    let input = side.record(Scripted(elements: elements, isFailing: isFailing), clock: frameClock)
                    iterators.append((input.makeAsyncIterator(), elements, frameClock, isFailing))
                    expected.append(.pause(clock.now))
                    continue
                }
                let index = random.below(4) == 0 ? random.below(iterators.count) : iterators.count - 1
                let isAttached = index == iterators.count - 1
                let isOver = iterators[index].rest.isEmpty
                if isOver, iterators[index].isFailing {
                    await #expect(throws: Failure.self) { try await iterators[index].0.next() }
                } else {
                    let element = try await iterators[index].0.next()
                    #expect(element == iterators[index].rest.first)
                }
                guard isAttached || !isOver else { continue }
                if isOver {
                    expected.append(.pause(clock.now))
                } else {
                    let element = iterators[index].rest.removeFirst()
                    if isAttached { expected.append(note(element, iterators[index].2)) }
                }
            }
            #expect(feed.notes == expected, "seed \(part * 1000 + seed)")
        }
    }

    @Test func `After the recording's end a source passes on, unrecorded`() async throws {
        let side = side
        var number = 0
        var random = Random(seed: 1)
        let elements = try (0..<5).map { _ in try self.random(&random, number: &number) }
        var iterator = side.record(Scripted(elements: elements), clock: .exact).makeAsyncIterator()
        #expect(try await iterator.next() == elements[0])
        side.detach()
        #expect(try await iterator.next() == elements[1])
        var later = side.record(Scripted(elements: elements), clock: .exact).makeAsyncIterator()
        #expect(try await later.next() == elements[0])
        #expect(feed.notes == [.pause(clock.now), note(elements[0], .exact)])
    }

    @Test func `Cancellation reaches the source`() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: TimedFrames.self)
        let ended = Mutex<AsyncStream<TimedFrames>.Continuation.Termination?>(nil)
        continuation.onTermination = { termination in
            if case .cancelled = termination { ended.withLock { $0 = termination } }
        }
        let input = side.record(stream, clock: .measured)
        let frames = try TimedFrames(Numbered.frames(0..<10, Numbered.formats[0]), hostTime: clock.now)
        continuation.yield(frames)
        let (seen, seenContinuation) = AsyncStream.makeStream(of: TimedFrames.self)
        let task = Task {
            for await element in input { seenContinuation.yield(element) }
            return Task.isCancelled
        }
        for await element in seen {
            #expect(element == frames)
            break
        }
        task.cancel()
        #expect(await task.value)
        #expect(ended.withLock { $0 } != nil)
        #expect(feed.notes.dropFirst() == [note(frames, .measured), .pause(clock.now)])
    }
}
