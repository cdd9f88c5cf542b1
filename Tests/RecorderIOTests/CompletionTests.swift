import Testing

@testable import RecorderIO

@Suite struct CompletionTests {
    @Test func `A known value is returned at once, and the first one stays`() async {
        let completion = Completion<Int>()
        completion.complete(1)
        completion.complete(2)
        #expect(await completion.value() == 1)
        #expect(await completion.value(timeLimit: .seconds(600)) == 1)
        #expect(await completion.value(timeLimit: .zero) == 1)
    }

    // REC-5
    @Test func `A thousand waiters get the one value, with and without a limit`() async {
        let completion = Completion<Int>()
        let values = await withTaskGroup { group in
            for index in 0..<1000 {
                group.addTask { await completion.value(timeLimit: index % 2 == 0 ? nil : .seconds(600)) }
            }
            for _ in 0..<10 {
                group.addTask {
                    completion.complete(7); return 7
                }
            }
            var values: [Int?] = []
            for await value in group { values.append(value) }
            return values
        }
        #expect(values == [Int?](repeating: 7, count: 1010))
    }

    // REC-5
    @Test func `Who has waited long enough gets nothing, and the others still get the value`() async {
        let completion = Completion<Int>()
        async let patient = completion.value()
        #expect(await completion.value(timeLimit: .milliseconds(1)) == nil)
        #expect(await completion.value(timeLimit: .zero) == nil)
        completion.complete(3)
        #expect(await patient == 3)
        #expect(await completion.value(timeLimit: .milliseconds(1)) == 3)
    }
}
