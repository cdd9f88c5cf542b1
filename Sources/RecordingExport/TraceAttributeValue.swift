/// The value of one span attribute that an exporter returns.
public enum TraceAttributeValue: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)

    /// True for the empty string, which is never set on a span (EXP-3).
    public var isEmpty: Bool { self == .string("") }
}

/// As a plain JSON string, number or boolean. A number without a fraction comes back as an integer.
extension TraceAttributeValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try container.decodeIfPossible(Bool.self) {
            self = .bool(value)
        } else if let value = try container.decodeIfPossible(Double.self) {
            // Not the other way round: Foundation calls a document corrupt that holds 1e300 where an integer is tried.
            let isInteger = value.rounded() == value && abs(value) < 0x1p63
            self = isInteger ? .int(try container.decode(Int64.self)) : .double(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        }
    }
}

extension SingleValueDecodingContainer {
    /// The value, or nil where it is of another type.
    fileprivate func decodeIfPossible<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        do {
            return try decode(type)
        } catch DecodingError.typeMismatch {
            return nil
        }
    }
}

extension TraceAttributeValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
