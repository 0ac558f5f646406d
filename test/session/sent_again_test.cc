// SPDX-License-Identifier: Apache-2.0
//
// I6 of a request that is sent once more: what was durable allowed its first sending. The world's
// log stops the run where anything arrives at an upstream that was not allowed to.
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/fuzz/session/stage.h"
#include "test/fuzz/session/texts.h"

namespace keyswap::test {

namespace {

// The path of client_text(Say::get, number).
std::string path_of(int number) {
  return "/k/" + std::to_string(number);
}

// A request that was sent over a connection at rest, and to which that connection ended without a
// byte of an answer: it is to be sent once more.
class SentAgain {
 public:
  static constexpr int kNumber = 9;

  SentAgain() {
    for (int i = 0; i < 5; ++i) {
      clients_.push_back(stage.connect());
    }
    // Of one user, and at once, so that two connections rest afterwards.
    ask(1, 1);
    ask(4, 2);
    stage.settle();
    REQUIRE(stage.servers.size() == 2);
    meet(0);
    meet(1);
    make_durable();
    for (Server& server : stage.servers) {
      server.say(Answer::ok);
      server.send_all();
      stage.settle();
    }
    make_durable();
    CHECK(heard().find("HTTP/1.1 200 ") == 0);

    // The connection that it has goes while its record is made, so that it takes the other one.
    ask(1, kNumber);
    stage.settle();
    stage.servers[1].end();
    stage.settle();
    make_durable();
    REQUIRE(times_sent() == 1);
    stage.servers[0].reset();
    stage.settle();
    REQUIRE(stage.servers.size() == 3);
  }

  // The connection that was dialled for it is there.
  void meet_anew() { meet(2); }

  void answer_anew() {
    stage.servers[2].say(Answer::ok);
    stage.servers[2].send_all();
    stage.settle();
  }

  void make_durable(bool is_durable = true) {
    while (stage.log.answer(is_durable)) {
      stage.settle();
    }
  }

  [[nodiscard]] int times_sent() const { return stage.log.times_sent(path_of(kNumber)); }

  // What came to the client since it was asked for last.
  std::string heard() { return std::exchange(clients_[1]->from_proxy, ""); }

  Stage stage{parse_all(kBindings)};

 private:
  void ask(std::size_t client, int number) {
    clients_[client]->to_proxy += client_text(Say::get, number, false);
  }

  void meet(std::size_t server) {
    stage.servers[server].meet(Server::Manner::good);
    stage.settle();
  }

  std::vector<std::shared_ptr<Wire>> clients_;
};

}  // namespace

TEST_CASE("what is sent once more waits for its record where its connection is there first",
          "[I6]") {
  SentAgain request;
  request.meet_anew();
  CHECK(request.times_sent() == 1);
  request.make_durable();
  CHECK(request.times_sent() == 2);
  request.answer_anew();
  CHECK(request.heard().find("HTTP/1.1 200 ") == 0);
}

TEST_CASE("what is sent once more waits for its connection where its record is there first",
          "[I6]") {
  SentAgain request;
  request.make_durable();
  CHECK(request.times_sent() == 1);
  request.meet_anew();
  CHECK(request.times_sent() == 2);
  request.answer_anew();
  CHECK(request.heard().find("HTTP/1.1 200 ") == 0);
}

TEST_CASE("nothing is sent once more where that is not recorded, or too late", "[I6][I13]") {
  SentAgain request;
  request.meet_anew();
  const bool is_late = GENERATE(true, false);
  if (is_late) {
    request.stage.world().pass(base::bounds::kRecordMs);
    request.stage.settle();
  } else {
    request.make_durable(false);
  }
  const std::string answer = request.heard();
  CHECK(answer.find("HTTP/1.1 503 ") == 0);
  CHECK(answer.find("Keyswap-Reason: audit_unavailable\r\n") != std::string::npos);
  request.make_durable();
  CHECK(request.times_sent() == 1);
}

}  // namespace keyswap::test
