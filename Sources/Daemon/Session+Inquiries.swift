internal import Platform
internal import Wire

/// Questions to the client, and the places for their answers.
extension Session {
  /// Asks the client, once there is a place for the answer.
  func inquire(_ inquiry: Inquiry) {
    state = .waiting(inquiry)
    deadlines.answer = server.now.advanced(bySeconds: Limits.answerPlaceSeconds)
    server.answerPlaces.request(self, isKnown: server.isKnown(connection.peer.userID))
    server.touch(self)
  }

  /// Goes on with an inquiry that waited for a place.
  func beginInquiry() {
    guard case .waiting(let inquiry) = state else { return server.answerPlaces.giveBack(self) }
    do throws(SecretError) {
      try inquiry.begin()
    } catch {
      server.answerPlaces.giveBack(self)
      state = .working
      return inquiry.exchange.fail(Failure(.limit, "no locked memory is left for an answer"))
    }
    state = .inquiring(inquiry)
    deadlines.answer = server.now.advanced(bySeconds: inquiry.seconds)
    stage(
      Response(
        chunks: [
          .lines(
            ReplyLine.inquire(inquiry.keyword, maximumByteCount: inquiry.maximumByteCount))
        ],
        ifUnaudited: nil))
    server.resume(self)
  }

  /// Gives up an answer and the place for it, in this order: whoever gets the
  /// place finds the memory free.
  func leave(_ inquiry: Inquiry) {
    inquiry.discardAnswer()
    deadlines.answer = nil
    server.answerPlaces.giveBack(self)
  }

  /// Waits for nothing any more, whatever it was.
  func letGo() {
    switch state {
    case .inquiring(let inquiry): leave(inquiry)
    case .waiting: server.answerPlaces.cancel(self)
    case .ready, .working, .closing: break
    }
    deadlines.line = nil
    deadlines.answer = nil
    state = .closing
  }

  /// Ends an answer, or the waiting for its place, that has taken too long.
  func expireInquiry() {
    deadlines.answer = nil
    switch state {
    case .waiting(let inquiry):
      if server.answerPlaces.makeRoom(for: self) { return }
      server.answerPlaces.cancel(self)
      state = .working
      inquiry.exchange.fail(
        Failure(
          .limit,
          "\(Limits.answers) answers are in the making, \(Limits.answersOfOneUser) of one uid at "
            + "the most (\(Limits.answersOfOneStranger) if it is no user), and none has ended in time",
          hint: "try again"))
    case .inquiring(let inquiry):
      refuseFurther(
        Failure(.timeout, "\(inquiry.keyword) was not answered within \(inquiry.seconds) seconds"))
    case .ready, .working, .closing: break
    }
  }

  /// Gives up the place for an answer to others, who have waited for one.
  func losePlace() {
    refuseFurther(
      Failure(
        .limit, "others have waited \(Limits.answerPlaceSeconds) seconds for this place",
        hint: "answer at once, and no more questions at a time than needed"))
  }
}
