import Labs
import Machine
import Panes

/// A lab that is being done on the screen: its page, and what the answers given so far are worth.
struct LabDesk {
  private let grader: Grader
  private(set) var sheet: MachineView.Sheet

  /// Runs the lab without a screen, to know the answers.
  init(_ choice: LabChoice) throws(UserError) {
    let lab = try choice.lab()
    do throws(LabProblem) {
      grader = try Grader(lab, seed: choice.drawnSeed, build: LabMachines().machine)
    } catch {
      throw UserError(error.description)
    }
    sheet = MachineView.Sheet(
      slug: lab.slug, title: lab.title, seed: choice.seed,
      parts: grader.parts.map { part in
        MachineView.Sheet.Part(
          text: part.text, question: part.question, needsEvent: part.needsEvent)
      })
  }

  /// The lines that the lab types.
  var typed: [String] { grader.typed }

  /// Takes an answer, as on the command line: VALUE, or VALUE@EVENT.
  mutating func take(_ text: String, to question: String) {
    guard let place = sheet.parts.firstIndex(where: { $0.question == question }) else { return }
    var verdict = MachineView.Sheet.Verdict(answer: text, isRight: false, comment: "")
    do throws(UserError) {
      let answer = try LabCommand.Answer.parsed(text, rows: grader.rows(of: question))
      if sheet.parts[place].needsEvent && answer.events.isEmpty {
        throw UserError(
          "Cite an event that shows it: choose one with {older} before {answer}, or type \(text)@NUMBER."
        )
      }
      var answers = Answers()
      answers.answers[question] = answer
      do throws(LabProblem) {
        let result = try grader.grade(answers).results.first { $0.id == question }
        verdict.isRight = result?.verdict == .right
        verdict.comment = result?.comment ?? ""
      } catch {
        throw UserError(error.description)
      }
    } catch {
      verdict.comment = error.description
    }
    sheet.parts[place].verdict = verdict
  }
}

extension LabChoice {
  /// What draws the values: the seed, mixed with the course's key if there is one.
  var drawnSeed: UInt64 { courseKey.map { CourseKey($0).seed(for: seed) } ?? seed }

  /// The lab.
  func lab() throws(UserError) -> Lab {
    let library = try LabFiles.library(folder)
    do throws(LabProblems) {
      return try library.lab(slug, language: language)
    } catch {
      throw LabFiles.error(error)
    }
  }
}
