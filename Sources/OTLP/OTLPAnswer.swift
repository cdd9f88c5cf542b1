import FoundationEssentials
import HTTP
import Messages
import SwiftProtobuf

/// A collector's answer to an export.
struct OTLPAnswer {
    let response: HTTPResponse

    init(_ response: HTTPResponse) {
        self.response = response
    }

    /// A page with 200 comes from something else than a collector.
    var isSuccess: Bool { (200..<300).contains(response.status) && !isPage }

    var isPage: Bool { mediaType == "text/html" }

    /// What there is to log of a success: that it was a partial one, or came with advice.
    func remark(ofSpans spanCount: Int) -> String? {
        let partial = decoded(as: Otlp_ExportTraceServiceResponse.self)?.partialSuccess
        guard let partial, partial.rejectedSpans > 0 || !partial.errorMessage.isEmpty else { return nil }
        let message = partial.errorMessage.isEmpty ? "it does not say why" : partial.errorMessage.printable()
        guard partial.rejectedSpans > 0 else { return "The collector took all spans, and remarks: \(message)" }
        return "The collector rejected \(partial.rejectedSpans) of \(spanCount) spans: \(message)"
    }

    /// Why it was none, in the collector's words; empty where it has none.
    var message: String {
        let status = decoded(as: Rpc_Status.self)
        return (status?.message ?? String(decoding: response.body.prefix(1000), as: UTF8.self)).printable()
    }

    /// How long the collector asks to wait.
    var retryAfter: Duration? { response.retryAfter(now: Int64(Date().timeIntervalSince1970)) }

    /// Without parameters, in lower case.
    private var mediaType: String {
        let type = (response["Content-Type"] ?? "").prefix { $0 != ";" }
        return KeyValueList.trimmed(type).lowercased()
    }

    /// The body, by its own media type, which may be another than the request's; nil where it is not what it should be.
    private func decoded<Body: SwiftProtobuf.Message>(as type: Body.Type) -> Body? {
        do {
            switch mediaType {
            case "application/x-protobuf", "application/protobuf": return try Body(serializedBytes: response.body)
            case "application/json":
                var options = JSONDecodingOptions()
                options.ignoreUnknownFields = true
                return try Body(jsonUTF8Bytes: response.body, options: options)
            default: return nil
            }
        } catch {
            return nil
        }
    }
}
