import Dispatch

extension DispatchQueue {
    /// What a call returns that may block: no thread of Swift's pool waits for it.
    func value<Value: Sendable>(of call: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.async { continuation.resume(with: Result { try call() }) }
        }
    }
}
