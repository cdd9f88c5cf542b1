import Testing

@testable import Capture

/// CAP-6, on a tree of files like the kernel's.
@Suite struct SoundCardsTests {
    private let fake: FakeCards

    init() throws { fake = try FakeCards() }

    /// What `name` is called now that was opened on card `number` of `before`.
    private func name(_ name: String, on number: Int, of before: [SoundCard]) throws -> String {
        try fake.cards.name(name, on: try #require(before.first { $0.number == number }))
    }

    @Test func `A card is known by its number, its name, and its USB device`() throws {
        try fake.add(0, "PCH")
        try fake.plug(1, "Mic", port: "1-1.4", serial: "A1")
        let usb = CardIdentity.USB(vendorID: "0d8c", productID: "0014", serial: "A1", port: "1-1.4")
        #expect(
            fake.cards.present() == [
                SoundCard(number: 0, identity: CardIdentity(cardID: "PCH")),
                SoundCard(number: 1, identity: CardIdentity(cardID: "Mic", usb: usb)),
            ]
        )
        #expect(fake.cards.card(numbered: 1)?.identity.description == "USB device 0d8c:0014, serial A1 at port 1-1.4")
        #expect(fake.cards.card(numbered: 0)?.identity.description == "card PCH")
        #expect(fake.cards.card(numbered: -1) == nil)
        #expect(SoundCards(folder: "/nonexistent").present() == [])
    }

    // The name, and what it is once card 1, Mic, has come back as card 3.
    @Test(arguments: [
        ("hw:1,0", "hw:3,0"), ("plughw:1", "plughw:3"), ("hw:CARD=Mic,DEV=0", "hw:CARD=3,DEV=0"),
        ("sysdefault:CARD=Mic", "sysdefault:CARD=3"), ("hw:Mic,0,1", "hw:3,0,1"),
        ("hw:DEV=0,CARD=1", "hw:DEV=0,CARD=3"),
        ("plug:'hw:1,0'", "plug:'hw:3,0'"), ("plug:SLAVE=\"hw:Mic\"", "plug:SLAVE=\"hw:3\""),
        // No part of these tells the card.
        ("default", "default"), ("pulse", "pulse"), ("mine:0", "mine:0"),
        ("fixture:FILE=/a:b,RATE=1", "fixture:FILE=/a:b,RATE=1"),
    ]) func `A name that tells the card follows it to another number`(_ name: String, _ expected: String) throws {
        try fake.plug(1, "Mic", port: "1-1", serial: "A1")
        let before = fake.cards.present()
        try fake.unplug(1)
        try fake.plug(3, "Mic_1", port: "1-1", serial: "A1")
        #expect(try self.name(name, on: 1, of: before) == expected)
    }

    @Test func `A device that kept its number keeps its name`() throws {
        try fake.plug(1, "Mic", port: "1-1")
        #expect(try name("hw:1,0", on: 1, of: fake.cards.present()) == "hw:1,0")
    }

    @Test func `Two equal microphones without a serial are told apart by their ports`() throws {
        try fake.plug(1, "Device", port: "1-1.1")
        try fake.plug(2, "Device_1", port: "1-1.2")
        let before = fake.cards.present()
        for number in [1, 2] { try fake.unplug(number) }
        // The other way round.
        try fake.plug(1, "Device", port: "1-1.2")
        try fake.plug(2, "Device_1", port: "1-1.1")
        #expect(try name("hw:1", on: 1, of: before) == "hw:2")
        #expect(try name("hw:CARD=Device_1", on: 2, of: before) == "hw:CARD=1")
    }

    @Test func `A serial is followed to another port, also past an equal device in the old one`() throws {
        try fake.plug(1, "Device", port: "1-1", serial: "A1")
        let before = fake.cards.present()
        try fake.unplug(1)
        try fake.plug(4, "Device_1", port: "2-3", serial: "A1")
        try fake.plug(1, "Device", port: "1-1", serial: "B2")
        #expect(try name("hw:1,0", on: 1, of: before) == "hw:4,0")
    }

    @Test func `A serial that two microphones share tells nothing, and their ports do`() throws {
        try fake.plug(1, "Device", port: "1-1", serial: "000000")
        try fake.plug(2, "Device_1", port: "1-2", serial: "000000")
        let before = fake.cards.present()
        #expect(before.map { $0.identity.usb?.serial } == [nil, nil])
        try fake.unplug(1)
        // The other one, which is there alone, is not it.
        #expect(throws: CaptureError.noSuchDevice(name: "hw:1", reason: "No such device")) {
            try name("hw:1", on: 1, of: before)
        }
        try fake.plug(3, "Device", port: "1-1", serial: "000000")
        #expect(try name("hw:1", on: 1, of: before) == "hw:3")
    }

    // Each takes the number of the lost card 1: an equal one with another serial, another make at the same port, an equal
    // one at another port, and a card that is not on USB but has the name.
    @Test(arguments: 0..<4) func `Another device that takes the number is not taken for the lost one`(
        _ other: Int
    ) throws {
        try fake.plug(1, "Mic", port: "1-1", serial: other == 2 ? nil : "A1")
        let before = fake.cards.present()
        try fake.unplug(1)
        switch other {
        case 0: try fake.plug(1, "Mic", port: "1-1", serial: "B2")
        case 1: try fake.plug(1, "Mic", port: "1-1", model: ("046d", "0825"), serial: "A1")
        case 2: try fake.plug(1, "Mic", port: "1-2")
        default: try fake.add(1, "Mic")
        }
        let lost = try #require(before.first).identity.description
        for name in ["hw:1,0", "hw:CARD=Mic"] {
            #expect(throws: CaptureError.otherDevice(name: name, lost: lost)) {
                try self.name(name, on: 1, of: before)
            }
        }
    }

    @Test func `A card that is not on USB is known by its name, whatever its number`() throws {
        try fake.add(0, "Loopback")
        let before = fake.cards.present()
        try fake.unplug(0)
        try fake.add(0, "Dummy")
        #expect(throws: CaptureError.otherDevice(name: "hw:0,1", lost: "card Loopback")) {
            try name("hw:0,1", on: 0, of: before)
        }
        try fake.add(2, "Loopback", on: "devices/platform/snd_aloop.0")
        #expect(try name("hw:0,1", on: 0, of: before) == "hw:2,1")
    }
}
