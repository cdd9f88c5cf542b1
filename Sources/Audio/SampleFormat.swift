/// How one sample is stored, by ALSA's names. All are little-endian and interleaved by frame.
public enum SampleFormat: String, CaseIterable, Sendable, Codable {
    /// 16-bit signed integer.
    case s16 = "S16_LE"
    /// 24-bit signed integer packed into three bytes.
    case s24Packed = "S24_3LE"
    /// 24-bit signed integer in the low three bytes of a 32-bit word; the high byte is undefined.
    case s24 = "S24_LE"
    /// 32-bit signed integer.
    case s32 = "S32_LE"
    /// 32-bit IEEE float, full scale ±1.0.
    case float = "FLOAT_LE"

    /// Bytes that one sample takes in memory.
    public var byteCount: Int {
        switch self {
        case .s16: 2
        case .s24Packed: 3
        case .s24, .s32, .float: 4
        }
    }

    /// Bits that carry signal.
    public var significantBitCount: Int {
        switch self {
        case .s16: 16
        case .s24Packed, .s24: 24
        case .s32, .float: 32
        }
    }
}
