public import ArgumentParser
public import Audio
public import RecorderIO

extension SampleFormat: ExpressibleByArgument {
    /// ALSA's names, in either case.
    public init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}

extension Container: ExpressibleByArgument {}
