import ArgumentParser
import FoundationEssentials
import Logging
import OTLP
import RecordingExport
import RecordingStore
import Session

/// What every command that deals with recordings starts from: the state folder, the log, and telemetry.
struct ProgramState {
    let environment = ProcessInfo.processInfo.environment
    let logger: Logger
    /// Absolute.
    let path: String
    let telemetry: OTLPConfiguration
    let tracer: OTLPTracer

    /// - Parameter asked: the option `--state`.
    init(asked: String?, isQuiet: Bool) throws {
        let level: Logger.Level = isQuiet ? .error : .notice
        logger = Logger(label: "tapeline") { _ in StandardErrorLog(logLevel: level) }
        guard let path = StateDirectory.path(asked: asked, environment: environment).map(Self.absolute) else {
            throw Self.failure("no folder for state is known: give one with --state", ExitStatus.configuration)
        }
        self.path = path
        telemetry = OTLPConfiguration(
            environment: environment,
            spansFilePath: path + "/spans.jsonl",
            version: Tapeline.version,
            logger: logger
        )
        do throws(SpansFileError) {
            tracer = try telemetry.makeTracer()
        } catch {
            throw Self.failure("\(error.description)", ExitStatus.cannotCreate)
        }
    }

    func recovery(_ database: StateDatabase) -> Recovery {
        Recovery(database: database, state: self)
    }

    /// What delivers from the outbox.
    ///
    /// - Parameter budget: bytes that recordings may take; nil for as many as there are.
    func relay(_ database: StateDatabase, budget: ByteCount? = nil) -> OutboxRelay {
        let budget = budget.map { DiskBudget(byteCount: $0.value, database, logger: logger) }
        return OutboxRelay(database, tracer: tracer, logger: logger, budget: budget) { delivery in
            delivery.destination.flatMap(exporter)
        }
    }

    /// - Parameter url: complete, as `ExporterURL.text` has it; nil, which is logged, where it is none any more.
    func exporter(_ url: String) -> (any RecordingExporter)? {
        do throws(RecordingExportError) {
            let exporter = try ExporterURL(url, relativeTo: path)
            return exporter.makeExporter(userAgent: "tapeline/\(Tapeline.version)", statePath: path)
        } catch {
            logger.error("\(error)")
            return nil
        }
    }

    /// The database, for a command that is of no use without it.
    func openDatabase() throws -> StateDatabase {
        do throws(StoreError) {
            return try StateDatabase(statePath: path, logger: logger)
        } catch {
            throw Self.failure(error.description, ExitStatus.inputOutput)
        }
    }

    /// Delivers the spans that have ended; the last thing before the program ends.
    func shutDown() async {
        if await tracer.shutdown(timeout: .seconds(10)) != .complete {
            logger.error("the session's span was not delivered: check \(telemetry.destination)")
        }
    }

    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Says why the program ends.
    static func failure(_ sentence: String, _ code: ExitCode) -> ExitCode {
        StandardError.line("tapeline: \(sentence)")
        return code
    }
}
