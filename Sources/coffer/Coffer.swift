@main enum Coffer { static func main() {} }
