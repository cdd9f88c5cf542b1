import Foundation

/// Other people's programs that decode what cannot be read by hand.
public enum Decoder {
    /// Decodes a FLAC file, with its checksum verified unless it need not have one.
    public static func flac(_ path: String, hasDigest: Bool = true) async throws -> Sound {
        let folder = try TemporaryFolder()
        try await run("flac", ["--test", "--silent"] + (hasDigest ? ["--warnings-as-errors"] : []) + [path])
        try await run("flac", ["--decode", "--silent", "--output-name", "\(folder.path)/out.wav", path])
        return try SoundFileReader.read("\(folder.path)/out.wav")
    }

    /// Decodes an Ogg Vorbis file to 16 bits.
    public static func vorbis(_ path: String) async throws -> Sound {
        let folder = try TemporaryFolder()
        try await run("oggdec", ["--quiet", "--output", "\(folder.path)/out.wav", path])
        return try SoundFileReader.read("\(folder.path)/out.wav")
    }

    /// Decodes an Ogg Opus file to floats, at the rate that was encoded.
    public static func opus(_ path: String) async throws -> Sound {
        let folder = try TemporaryFolder()
        try await run("opusdec", ["--quiet", "--float", path, "\(folder.path)/out.wav"])
        return try SoundFileReader.read("\(folder.path)/out.wav")
    }

    /// Reads a recording of any container.
    public static func read(_ path: String, as container: String, hasDigest: Bool = true) async throws -> Sound {
        switch container {
        case "flac": try await flac(path, hasDigest: hasDigest)
        case "ogg-vorbis": try await vorbis(path)
        case "ogg-opus": try await opus(path)
        default: try SoundFileReader.read(path, as: container)
        }
    }

    private static func run(_ program: String, _ arguments: [String]) async throws {
        let ending = try await ChildProcess.run("/usr/bin/env", [program] + arguments)
        guard ending.exitCode == 0 else {
            throw InvalidSoundFile(description: "\(program) refuses it: \(ending.standardError)")
        }
    }
}
