import Messages
import SwiftProtobuf
import Tracing

extension SpanAttributes {
    /// As OTLP has them, in the order of their keys, so that equal spans give equal bytes.
    var keyValues: [Otlp_KeyValue] {
        var list: [Otlp_KeyValue] = []
        forEach { key, value in
            list.append(
                .with {
                    $0.key = key
                    $0.value = Otlp_AnyValue(value)
                }
            )
        }
        return list.sorted { $0.key < $1.key }
    }
}

extension Otlp_AnyValue {
    fileprivate init(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let value): self.init(.stringValue(value))
        case .bool(let value): self.init(.boolValue(value))
        case .int32(let value): self.init(.intValue(Int64(value)))
        case .int64(let value): self.init(.intValue(value))
        case .double(let value): self.init(.doubleValue(value))
        case .stringArray(let values): self.init(list: values.map(OneOf_Value.stringValue))
        case .boolArray(let values): self.init(list: values.map(OneOf_Value.boolValue))
        case .int32Array(let values): self.init(list: values.map { .intValue(Int64($0)) })
        case .int64Array(let values): self.init(list: values.map(OneOf_Value.intValue))
        case .doubleArray(let values): self.init(list: values.map(OneOf_Value.doubleValue))
        case .stringConvertible(let value): self.init(.stringValue(value.description))
        case .stringConvertibleArray(let values): self.init(list: values.map { .stringValue($0.description) })
        // The enumeration asks not to be switched over exhaustively; what it may grow is kept readable.
        default: self.init(.stringValue(String(describing: attribute)))
        }
    }

    private init(_ value: OneOf_Value) {
        self.init()
        self.value = value
    }

    private init(list: [OneOf_Value]) {
        self.init(.arrayValue(.with { $0.values = list.map { Otlp_AnyValue($0) } }))
    }
}
