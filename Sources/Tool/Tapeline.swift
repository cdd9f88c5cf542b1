@main
struct Tapeline {
    static func main() {}
}
