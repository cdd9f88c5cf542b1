import Tracing

/// An attribute in OTLP JSON: a key, and a value under the name of its type.
struct KeyValue: Encodable {
    let key: String
    let value: AnyValue

    /// `attributes` in the order of their keys, so that equal spans give equal lines; nil where there are none.
    static func list(_ attributes: SpanAttributes) -> [KeyValue]? {
        if attributes.isEmpty { return nil }
        var list: [KeyValue] = []
        attributes.forEach { list.append(KeyValue(key: $0, value: AnyValue($1))) }
        return list.sorted { $0.key < $1.key }
    }
}

/// The `AnyValue` of opentelemetry-proto.
enum AnyValue: Encodable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([AnyValue])

    init(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let value): self = .string(value)
        case .bool(let value): self = .bool(value)
        case .int32(let value): self = .int(Int64(value))
        case .int64(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .stringArray(let values): self = .array(values.map(AnyValue.string))
        case .boolArray(let values): self = .array(values.map(AnyValue.bool))
        case .int32Array(let values): self = .array(values.map { .int(Int64($0)) })
        case .int64Array(let values): self = .array(values.map(AnyValue.int))
        case .doubleArray(let values): self = .array(values.map(AnyValue.double))
        case .stringConvertible(let value): self = .string(value.description)
        case .stringConvertibleArray(let values): self = .array(values.map { .string($0.description) })
        // The enumeration asks not to be switched over exhaustively; what it may grow is kept readable.
        default: self = .string(String(describing: attribute))
        }
    }

    private enum CodingKeys: CodingKey {
        case stringValue, boolValue, intValue, doubleValue, arrayValue
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .string(let value): try container.encode(value, forKey: .stringValue)
        case .bool(let value): try container.encode(value, forKey: .boolValue)
        case .int(let value): try container.encode(String(value), forKey: .intValue)
        case .double(let value): try container.encode(value, forKey: .doubleValue)
        case .array(let values): try container.encode(["values": values], forKey: .arrayValue)
        }
    }
}
