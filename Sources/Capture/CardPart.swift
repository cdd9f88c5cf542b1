/// The part of a PCM's name that tells the card: `1` in `hw:1,0`, `Mic` in `sysdefault:CARD=Mic`.
struct CardPart {
    private let head: Substring
    private let card: Substring
    private let tail: Substring

    /// - Returns: nil where no part of the name is the card's number or its ALSA id.
    init?(of name: String, on card: SoundCard) {
        guard let start = Self.start(in: name) else { return nil }
        head = name[..<start]
        self.card = name[start...].prefix { !",'\"}".contains($0) }
        tail = name[self.card.endIndex...]
        guard designates(card) else { return nil }
    }

    private static func start(in name: String) -> String.Index? {
        name.firstRange(of: "CARD=")?.upperBound ?? name.lastIndex(of: ":").map(name.index(after:))
    }

    /// True if the name, as it is, opens this card.
    func designates(_ other: SoundCard) -> Bool { card == "\(other.number)" || card == other.identity.cardID }

    func replaced(by number: Int) -> String { "\(head)\(number)\(tail)" }
}
