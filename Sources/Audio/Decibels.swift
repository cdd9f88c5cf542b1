internal import Glibc

/// Levels on the logarithmic scale.
public enum Decibels {
    /// A magnitude in dB relative to full scale; negative infinity for 0.
    public static func fullScale(_ magnitude: Float) -> Double { 20 * log10(Double(magnitude)) }

    /// The magnitude of a level in dB relative to full scale.
    public static func magnitude(_ decibels: Double) -> Float { Float(pow(10, decibels / 20)) }
}
