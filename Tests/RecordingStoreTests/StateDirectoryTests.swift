import RecordingStore
import Testing

@Suite struct StateDirectoryTests {
    // CLI-5
    @Test func `What is asked for comes before what systemd, the desktop and the home say`() {
        var environment = ["HOME": "/home/a"]
        #expect(StateDirectory.path(asked: nil, environment: environment) == "/home/a/.local/state/tapeline")
        environment["XDG_STATE_HOME"] = "/state"
        #expect(StateDirectory.path(asked: nil, environment: environment) == "/state/tapeline")
        environment["STATE_DIRECTORY"] = "/var/lib/tapeline:/var/lib/other"
        #expect(StateDirectory.path(asked: nil, environment: environment) == "/var/lib/tapeline")
        #expect(StateDirectory.path(asked: "/mine", environment: environment) == "/mine")
    }

    // CLI-5
    @Test func `Relative folders in the environment are none, and without any the answer is none`() {
        #expect(StateDirectory.path(asked: nil, environment: [:]) == nil)
        #expect(StateDirectory.path(asked: "", environment: ["HOME": "a", "XDG_STATE_HOME": "b"]) == nil)
    }
}
