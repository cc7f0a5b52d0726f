import Platform
import Testing

@testable import Client

@Suite("ValueForms")
struct ValueFormsTests {
  static let value = #"sk/live+51 é"x&y<z>~=*!"#

  struct Form: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    /// What stays of the text, where it is more than the value.
    var masked = "<k>"
  }

  static let forms: [Form] = [
    Form(testDescription: "as it is", text: value),
    Form(
      testDescription: "Python's quote",
      text: "sk/live%2B51%20%C3%A9%22x%26y%3Cz%3E~%3D%2A%21"),
    Form(
      testDescription: "Python's quote without a safe character",
      text: "sk%2Flive%2B51%20%C3%A9%22x%26y%3Cz%3E~%3D%2A%21"),
    Form(
      testDescription: "Python's quote_plus",
      text: "sk%2Flive%2B51+%C3%A9%22x%26y%3Cz%3E~%3D%2A%21"),
    Form(
      testDescription: "JavaScript's encodeURIComponent",
      text: "sk%2Flive%2B51%20%C3%A9%22x%26y%3Cz%3E~%3D*!"),
    Form(
      testDescription: "JavaScript's encodeURI",
      text: "sk/live+51%20%C3%A9%22x&y%3Cz%3E~=*!"),
    Form(
      testDescription: "JavaScript's URLSearchParams",
      text: "sk%2Flive%2B51+%C3%A9%22x%26y%3Cz%3E%7E%3D*%21"),
    Form(
      testDescription: "PHP's urlencode",
      text: "sk%2Flive%2B51+%C3%A9%22x%26y%3Cz%3E%7E%3D%2A%21"),
    Form(
      testDescription: "curl's, in lower case",
      text: "sk%2flive%2b51+%c3%a9%22x%26y%3cz%3e~%3d%2a%21"),
    Form(
      testDescription: "Go's PathEscape",
      text: "sk%2Flive+51%20%C3%A9%22x&y%3Cz%3E~=%2A%21"),
    Form(
      testDescription: "JSON", text: #"{"a":"sk/live+51 é\"x&y<z>~=*!"}"#, masked: #"{"a":"<k>"}"#),
    Form(
      testDescription: "Python's JSON, ASCII only", text: #"sk/live+51 \u00e9\"x&y<z>~=*!"#),
    Form(testDescription: "PHP's JSON", text: #"sk\/live+51 \u00e9\"x&y<z>~=*!"#),
    Form(testDescription: "JSON with a slash escaped", text: #"sk\/live+51 é\"x&y<z>~=*!"#),
    Form(testDescription: "JSON in upper case", text: #"sk/live+51 \u00E9\"x&y<z>~=*!"#),
    Form(
      testDescription: "Go's JSON", text: #"sk/live+51 é\"x\u0026y\u003cz\u003e~=*!"#),
    Form(
      testDescription: ".NET's JSON",
      text: #"sk/live\u002B51 \u00E9\u0022x\u0026y\u003Cz\u003E~=*!"#),
    Form(testDescription: "Base64", text: "c2svbGl2ZSs1MSDDqSJ4Jnk8ej5+PSoh"),
    Form(
      testDescription: "Base64 behind two bytes", text: "dTpzay9saXZlKzUxIMOpIngmeTx6Pn49KiE=",
      masked: "dTp<k>="),
    Form(
      testDescription: "Base64 behind three bytes", text: "dTp4c2svbGl2ZSs1MSDDqSJ4Jnk8ej5+PSoh",
      masked: "dTp4<k>"),
    Form(
      testDescription: "Base64 behind one byte", text: "eHNrL2xpdmUrNTEgw6kieCZ5PHo+fj0qIQ==",
      masked: "eH<k>=="),
    Form(
      testDescription: "Base64 for URLs, within more", text: "c2svbGl2ZSs1MSDDqSJ4Jnk8ej5-PSoheno=",
      masked: "<k>eno="),
    Form(
      testDescription: "Base64 for URLs, behind two bytes and within more",
      text: "dTpzay9saXZlKzUxIMOpIngmeTx6Pn49KiF6eg==", masked: "dTp<k>F6eg=="),
  ]

  @Test("a value is found in each form", arguments: forms) func finds(_ form: Form) throws {
    let text = MaskedText([("k", Self.value)])
    #expect(try text.masked(form.text) == form.masked)
    #expect(try text.masked("(\(form.text))") == "(\(form.masked))")
  }

  @Test("a value is found in the header of a basic authorization") func authorization() throws {
    // What base64(1) makes of user:sk_live_4242deadbeef4242cafe.
    let text = MaskedText([("web/stripe", "sk_live_4242deadbeef4242cafe")])
    #expect(
      try text.masked("Authorization: Basic dXNlcjpza19saXZlXzQyNDJkZWFkYmVlZjQyNDJjYWZl\r\n")
        == "Authorization: Basic dXNlcjp<web/stripe>\r\n")
  }

  @Test("the last character of Base64 goes with the value, at the end and before a line end")
  func lastCharacter() throws {
    let values = ["sk_live_4242dead", "sk_live_4242deadb", "sk_live_4242deadbe"]
    for value in values {
      let text = MaskedText([("k", value)])
      for before in ["", "a", "ab"] {
        let alone = Base64.encoded(Array((before + value).utf8)).text
        let masked = try text.masked(alone)
        let rest = masked.split(separator: ">", omittingEmptySubsequences: false).last ?? ""
        #expect(rest.allSatisfy { $0 == "=" }, "\(masked)")
        // Of what is behind the value there are only bits of the line end.
        let line = try text.masked(Base64.encoded(Array((before + value + "\n").utf8)).text)
        let ending = line.split(separator: ">", omittingEmptySubsequences: false).last ?? ""
        #expect(["", "o=", "Cg==", "o", "K", "="].contains(String(ending)), "\(line)")
      }
    }
  }

  @Test("a long value is found in the lines of base64(1) and of PEM") func base64Lines() throws {
    let value = String(repeating: "0123456789abcdefghijklmnopqrstuvwxyzABCDEF", count: 3)
    let text = MaskedText([("k", value)])
    for width in [76, 64] {
      let lines = Base64.encoded(Array(value.utf8)).lines(of: width)
      let masked = try text.masked(lines.map { $0 + "\n" }.joined())
      #expect(masked == lines.map { _ in "<k>\n" }.joined(), "\(width)")
    }
  }

  static let lines = "first line\nsecond\n  third line \t\nfour\n\nlast line\n"

  @Test("each line of a long value is found by itself, but for those of less than 8 bytes")
  func linesAlone() throws {
    let text = MaskedText([("k", Self.lines)])
    #expect(try text.masked("1 first line\n2 second\n3 third line\n") == "1 <k>\n2 second\n3 <k>\n")
    #expect(try text.masked("first line\r\nfour\r\nlast line") == "<k>\r\nfour\r\n<k>")
    #expect(try text.masked("[\(Self.lines)]") == "[<k>\n]")
    let printed = Self.lines.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\r\n")
    #expect(try text.masked("[\(printed)]") == "[<k>\r\n]")
  }

  @Test("a value with CR and LF is found with LF alone") func lineFeeds() throws {
    let text = MaskedText([("k", "one one\r\ntwo two\r\n")])
    #expect(try text.masked("one one\ntwo two\n") == "<k>\n")
    #expect(try text.masked("one one\r\ntwo two\r\n") == "<k>\r\n")
    // As a terminal prints it.
    #expect(try text.masked("one one\r\r\ntwo two\r\r\n") == "<k>\r\r\n")
  }

  @Test("the first and last line of a PEM file are no secret") func armor() throws {
    let begin = "-----BEGIN PRIVATE KEY-----"
    let end = "-----END PRIVATE KEY-----"
    let text = MaskedText([("k", "\(begin)\nMIGHAgEAMBMG\n\(end)\n")])
    #expect(try text.masked("\(begin)\nother\n\(end)\n") == "\(begin)\nother\n\(end)\n")
    #expect(try text.masked("a MIGHAgEAMBMG b") == "a <k> b")
    #expect(try text.masked("\(begin)\nMIGHAgEAMBMG\n\(end)\n") == "<k>\n")
  }

  @Test(
    "a value of less than 8 bytes is not looked for",
    arguments: [
      ("1234567", false), ("12345678", true), ("1234567\n", false), ("", false), ("é345678", true),
    ])
  func shortest(value: String, isMasked: Bool) throws {
    let patterns = try MaskPatterns()
    let isAdded = try patterns.add(value.utf8.span, label: "k")
    #expect(isAdded == isMasked)
    #expect(patterns.isEmpty == !isMasked)
  }

  @Test("all characters of several units are found in JSON") func surrogates() throws {
    let text = MaskedText([("k", "12345678 \u{1F511} \u{800} \u{1}")])
    #expect(try text.masked(#"12345678 \ud83d\udd11 \u0800 \u0001"#) == "<k>")
    #expect(try text.masked(#"12345678 \uD83D\uDD11 \u0800 \u0001"#) == "<k>")
  }

  @Test("a value that is no UTF-8 is found in JSON as Python writes it")
  func loneSurrogates() throws {
    let text = MaskedText(bytes: [("k", Array("12345678".utf8) + [0xFF, 0x80] + Array("é".utf8))])
    let printed = Array(#"x12345678\udcff\udc80\u00e9y"#.utf8)
    #expect(try text.masked(printed) == Array("x<k>y".utf8))
  }

  @Test("a value that is no UTF-8 is found as it is, and does not end the program")
  func noText() throws {
    for value: [UInt8] in [
      Array("12345678".utf8) + [0xFF, 0xC3], Array("12345678".utf8) + [0xF0, 0x9F, 0x94],
      [UInt8](repeating: 0x80, count: 9), Array("12345678".utf8) + [0xED, 0xA0, 0x80],
    ] {
      let text = MaskedText(bytes: [("k", value)])
      #expect(try text.masked([0x20] + value + [0x20]) == Array(" <k> ".utf8))
    }
  }
}

/// Base64 as the tests need it, one bit after the other.
struct Base64 {
  let text: String

  static func encoded(_ bytes: [UInt8]) -> Base64 {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    var text = ""
    for start in stride(from: 0, to: bits.count, by: 6) {
      let digit = (0..<6).reduce(0) { sum, place in
        sum << 1 | (start + place < bits.count ? Int(bits[start + place]) : 0)
      }
      text.append(alphabet[digit])
    }
    while text.count % 4 != 0 { text.append("=") }
    return Base64(text: text)
  }

  func lines(of width: Int) -> [String] {
    stride(from: 0, to: text.count, by: width).map { start in
      String(text.dropFirst(start).prefix(width))
    }
  }
}
