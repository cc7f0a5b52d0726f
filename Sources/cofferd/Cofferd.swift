@main enum Cofferd { static func main() {} }
