import ArgumentParser

/// A number of bytes as an option: digits, and K, M, G or T for powers of 1024.
struct ByteCount: ExpressibleByArgument {
    let value: Int64

    init?(argument: String) {
        let powers: [Character: Int64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = argument.last.flatMap { powers[Character($0.uppercased())] }
        guard let number = Int64(unit == nil ? argument[...] : argument.dropLast()), number > 0 else { return nil }
        let (value, isTooLarge) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !isTooLarge else { return nil }
        self.value = value
    }
}
