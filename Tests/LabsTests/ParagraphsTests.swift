import Testing

@testable import Labs

@Suite struct ParagraphsTests {
  @Test func paragraphsAndItemsAreBrokenAndCodeIsNot() {
    let page = """
      # A heading that is longer than the width allows
      one two three
      four

      - five six seven eight
      - nine
      10. ten eleven twelve

          code that stays on its line

      ```
      and so
      does this one here, whole
      ```
      | a | table | that | stays |
      thirteenfourteenfifteen sixteen
      """
    let expected = """
      # A heading that is longer than the width allows
      one two
      three four

      - five six
        seven
        eight
      - nine
      10. ten
          eleven
          twelve

          code that stays on its line

      ```
      and so
      does this one here, whole
      ```
      | a | table | that | stays |
      thirteenfourteenfifteen
      sixteen
      """
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(Paragraphs.wrapped(lines, width: 10).joined(separator: "\n") == expected)
  }
}
