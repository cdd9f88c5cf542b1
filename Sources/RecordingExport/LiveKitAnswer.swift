import FoundationEssentials
import HTTP
import Messages
import SwiftProtobuf

/// What LiveKit's answer to an upload means.
enum LiveKitAnswer: Hashable {
    /// The upload arrived whole.
    case taken
    /// The project's owner does not want recordings, and that will not change within the session.
    case disabled
    /// It asks to be sent the same again after so long.
    case retry(after: Duration)
    case refused

    init(_ response: HTTPResponse) {
        if [200, 201, 204].contains(response.status), !response.isPage {
            self = .taken
        } else if response.status == 401, Self.saysDisabled(response.body) {
            self = .disabled
        } else if response.status >= 400, let delay = Self.retryDelay(response) {
            self = .retry(after: delay)
        } else {
            self = .refused
        }
    }

    /// Other 401s have the same code: LiveKit Agents, too, tells this one by its text.
    private static func saysDisabled(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body, as: UTF8.self).lowercased()
        return text.contains("data recording is disabled") || text.contains("disabled by owner")
    }

    /// From the RetryInfo of a google.rpc.Status (https://google.aip.dev/193).
    private static func retryDelay(_ response: HTTPResponse) -> Duration? {
        let isJSON = response.mediaType == "application/json" || response.mediaType.hasSuffix("+json")
        do {
            guard let delay = try isJSON ? delay(inJSON: response.body) : delay(inProtobuf: response.body) else {
                return nil
            }
            let bounded = Duration.seconds(min(delay.seconds, 1_000_000_000)) + .nanoseconds(delay.nanos)
            return max(bounded, .zero)
        } catch {
            // No Status: it is not to be sent again.
            return nil
        }
    }

    private static let retryInfo = "google.rpc.RetryInfo"

    private static func delay(inProtobuf body: [UInt8]) throws -> Google_Protobuf_Duration? {
        let details = try Rpc_Status(serializedBytes: body).details
        guard let detail = details.first(where: { $0.typeURL.hasSuffix("/\(retryInfo)") }) else { return nil }
        return try Rpc_RetryInfo(serializedBytes: detail.value).retryDelay
    }

    private static func delay(inJSON body: [UInt8]) throws -> Google_Protobuf_Duration? {
        let details = try JSONDecoder().decode(Status.self, from: Data(body)).details ?? []
        guard let detail = details.first(where: { $0.type?.hasSuffix("/\(retryInfo)") == true }) else { return nil }
        return try Google_Protobuf_Duration(jsonString: "\"\(detail.retryDelay ?? "0s")\"")
    }

    private struct Status: Decodable {
        struct Detail: Decodable {
            var type: String?
            var retryDelay: String?

            enum CodingKeys: String, CodingKey {
                case type = "@type"
                case retryDelay
            }
        }

        var details: [Detail]?
    }
}
