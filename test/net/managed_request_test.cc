// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/managed_request.h"

#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/net/connection.h"
#include "proxy/net/connections.h"
#include "proxy/services/management.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

// Answers when the test says so.
class Slow final : public services::SlowService {
 public:
  base::Status start() override { return {}; }

  void stop() override {}

  [[nodiscard]] bool takes(const http::RequestHead& /*head*/) const override { return true; }

  void answer(std::shared_ptr<services::Question> question, Done done) override {
    asked = std::move(question);
    tell = std::move(done);
  }

  void say(std::string body, std::shared_ptr<services::AnswerRest> rest = nullptr) {
    auto answer = std::make_shared<services::SlowAnswer>(
        services::SlowAnswer{.reply = flow::make_answer("text/plain", std::move(body))});
    if (rest != nullptr) {
      answer->reply = {.head = {200, "OK"}, .body = {}};
      answer->reply.head.has_unknown_length = true;
    }
    answer->reply.head.keeps_connection = true;
    answer->rest = std::move(rest);
    tell(std::move(answer));
  }

  std::shared_ptr<services::Question> asked;
  Done tell;
};

class Fixed final : public services::LocalService {
 public:
  [[nodiscard]] flow::Reply answer(const http::RequestHead& /*head*/,
                                   std::string_view /*body*/) const override {
    return flow::make_answer("text/plain", said);
  }

  std::string said = "well";
};

struct Managed {
  MemoryNet net;
  Slow slow;
  Fixed health;
  services::Management management{[] { return std::string("figures"); }, health, &slow};
  Peer* client = nullptr;

  Managed() {
    net.context.policy.bindings = [] {
      auto read = bindings::parse("allow_users: [\"*\"]\nsecrets: {}\n", "/nowhere", {});
      REQUIRE(read.errors.empty());
      return std::make_shared<const bindings::Bindings>(std::move(read.bindings));
    }();
    const auto joined = net.join();
    client = joined.peer;
    net.connections->add().start(net::look_at_arrival(net.context, joined.socket), &management);
  }

  std::string say(const std::string& bytes) {
    client->say(bytes);
    net.settle();
    return client->take_heard();
  }
};

}  // namespace

TEST_CASE("the answer to a managed request comes when it is there, and the connection goes on") {
  Managed managed;
  const std::string post = "POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo";
  CHECK(managed.say(post).empty());
  CHECK(managed.slow.asked == nullptr);
  CHECK(managed.say("dy").empty());
  REQUIRE(managed.slow.asked != nullptr);
  CHECK(managed.slow.asked->body == "body");
  CHECK_FALSE(managed.slow.asked->is_owner);
  managed.slow.say("answered");
  managed.net.settle();
  const std::string heard = managed.client->take_heard();
  CHECK(has(heard, "HTTP/1.1 200 OK\r\n"));
  CHECK(heard.ends_with("answered"));
  managed.slow.asked.reset();
  managed.say("GET /api/y HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(managed.slow.asked != nullptr);
  CHECK(managed.slow.asked->head.target == "/api/y");
}

TEST_CASE("an answer of ours is as long as it is: what no connection holds ends that one alone",
          "[I10]") {
  const std::string longer(
      3 * base::bounds::kLegUnreadBytesMax + base::bounds::kResponseHeadBytesMax, 'x');
  Managed managed;
  managed.health.said = longer;
  CHECK(managed.say("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            .ends_with("\r\n\r\n" + longer));
  Managed other;
  other.say("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n");
  other.slow.say(longer);
  other.net.settle();
  CHECK(other.client->take_heard().ends_with("\r\n\r\n" + longer));
  Managed last;
  last.health.said.assign(base::bounds::kLegPendingBytesMax + 1, 'x');
  CHECK_FALSE(has(last.say("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "xxx"));
  CHECK((last.client->has_ended || last.client->is_broken));
}

TEST_CASE("a body past its bound is refused before anybody is asked", "[I10]") {
  Managed managed;
  const std::string length = std::to_string(base::bounds::kManageBodyBytesMax + 1);
  CHECK(
      has(managed.say("POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + "\r\n\r\n"),
          "HTTP/1.1 413 "));
  CHECK(managed.slow.asked == nullptr);
}

TEST_CASE("what nobody waits for any more is told to who would do it", "[I13]") {
  const std::string post = "POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
  Managed managed;
  managed.say(post);
  REQUIRE(managed.slow.asked != nullptr);
  CHECK_FALSE(managed.slow.asked->is_given_up);
  managed.net.pass(base::bounds::kManageRequestMs);
  CHECK(has(managed.client->take_heard(), "HTTP/1.1 503 "));
  CHECK(managed.slow.asked->is_given_up);
  CHECK(managed.slow.asked->body == "body");  // who does it may be reading it now
  Managed cut;
  cut.say(post);
  REQUIRE(cut.slow.asked != nullptr);
  cut.net.connections->cut_all();
  cut.net.settle();
  CHECK(cut.slow.asked->is_given_up);
  Managed answered;
  answered.say(post);
  REQUIRE(answered.slow.asked != nullptr);
  answered.slow.say("done");
  answered.net.settle();
  CHECK_FALSE(answered.slow.asked->is_given_up);
}

TEST_CASE("who is gone when the answer comes is not looked for") {
  Managed managed;
  managed.say("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(managed.slow.tell);
  managed.net.connections->cut_all();
  managed.net.settle();
  managed.slow.say("late");
  managed.net.settle();
  CHECK_FALSE(has(managed.client->take_heard(), "late"));
}

namespace {

// Gives a piece when the test says so.
class Pieces final : public services::AnswerRest {
 public:
  void next(std::function<void(Piece)> done) override { asked = std::move(done); }

  void give(Piece piece) { std::exchange(asked, nullptr)(std::move(piece)); }

  std::function<void(Piece)> asked;
};

}  // namespace

TEST_CASE("an answer of unknown length comes piece by piece, and the connection goes on") {
  Managed managed;
  managed.say("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto pieces = std::make_shared<Pieces>();
  managed.slow.say("", pieces);
  managed.net.settle();
  CHECK(has(managed.client->take_heard(), "Transfer-Encoding: chunked\r\n"));
  REQUIRE(pieces->asked);
  pieces->give({.bytes = "first"});
  managed.net.settle();
  CHECK(managed.client->take_heard() == "5\r\nfirst\r\n");
  REQUIRE(pieces->asked);
  pieces->give({.bytes = "last", .is_last = true});
  managed.net.settle();
  CHECK(managed.client->take_heard() == "4\r\nlast\r\n0\r\n\r\n");
  CHECK_FALSE(pieces->asked);
  managed.slow.asked.reset();
  managed.say("GET /api/y HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(managed.slow.asked != nullptr);
}

TEST_CASE("what breaks off on its way does not end as a whole answer", "[I13]") {
  Managed managed;
  managed.say("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto pieces = std::make_shared<Pieces>();
  managed.slow.say("", pieces);
  managed.net.settle();
  REQUIRE(pieces->asked);
  pieces->give({.bytes = {}, .is_broken = true});
  managed.net.settle();
  CHECK_FALSE(has(managed.client->take_heard(), "0\r\n\r\n"));
}

TEST_CASE("more than so many requests are not read at once", "[I10]") {
  Managed managed;
  managed.slow.carried() = base::bounds::kManageRequestsMax;
  CHECK(has(managed.say("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 503 "));
  CHECK(managed.slow.asked == nullptr);
}

}  // namespace keyswap::test
