// SPDX-License-Identifier: Apache-2.0
//
// Operations of all loops, by a clock that the test turns, with a log that fails when it is told
// to.
#include "proxy/net/approvals.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/approvals/bounds.h"
#include "proxy/base/sqlite.h"
#include "test/support/temp_home.h"
#include "test/support/text.h"

namespace keyswap::net {

namespace {

using approvals::State;
using audit::Reason;
using flow::Decided;
using keyswap::test::has;
using Outcome = Approvals::Outcome;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
const approvals::Decider kWho{"uid 1000", "command"};

class TurnedClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return now_us; }

  [[nodiscard]] std::int64_t steady_us() const override { return now_us; }

  std::int64_t now_us = kSecond;
};

// Answers at once; from the one of that number on nothing is durable.
class TurnedLog final : public audit::Sink {
 public:
  [[nodiscard]] bool append(audit::Batch&& batch,
                            audit::Listener* listener,
                            std::uint64_t ticket) override {
    const audit::Batch taken = std::move(batch);
    const bool is_durable = left > 0;
    left -= is_durable ? 1 : 0;
    if (is_durable) {
      text += taken.bodies();
    }
    listener->batch_done(ticket, is_durable);
    return true;
  }

  [[nodiscard]] bool is_dead() const override { return left == 0; }

  int left = 1'000'000;
  std::string text;
};

vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

std::shared_ptr<const bindings::Bindings> bindings_of(const std::string& approve) {
  auto parsed = bindings::parse(
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings: [ { host: api.example.test, approve: " +
          approve + " } ]\n",
      "/nowhere",
      {});
  REQUIRE(parsed.errors.empty());
  return std::make_shared<const bindings::Bindings>(std::move(parsed.bindings));
}

const char* const kHeld = "{ hold: 55s, on_timeout: 403 }";
const char* const kLater = "{ hold: 0, on_timeout: 202 }";

// A client's request, and what it heard.
struct Request {
  std::string id;
  std::vector<Decided> heard;

  [[nodiscard]] std::optional<Reason> refusal() const {
    REQUIRE(heard.size() == 1);
    return heard[0].refusal;
  }
};

struct Desk {
  explicit Desk(const std::string& approve = kHeld) : policy(bindings_of(approve)) {
    auto made = vault::Vault::create(home.path() + "/vault.db", secret_of("passphrase"), 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    REQUIRE(vault->add(name, "", secret_of("real-key-0001"), 1));
    open();
  }

  // As after a start; what was there before is gone as by a kill.
  void open() {
    desk.reset();
    auto file = approvals::OperationFile::open(home.path() + "/approvals.db");
    REQUIRE(file);
    desk.emplace(ApprovalParts{std::move(*file), secret_of("0123456789abcdef0123456789abcdef")},
                 *vault,
                 log,
                 clock);
    REQUIRE(desk->begin([](const std::function<void()>& task) { task(); }));
    desk->set_in_force(policy->sha256);
  }

  std::shared_ptr<Request> ask(const std::string& operation = "",
                               const std::string& body = "{}",
                               const std::string& caller = "agent") {
    auto request = std::make_shared<Request>();
    flow::AskApproval ask;
    ask.approval = policy->rules[0].scopes[0].approval.get();
    ask.places = {{0, 0}};
    ask.operation = operation;
    ask.method = "POST";
    ask.target = "/pay?x=1";
    ask.path = "/pay";
    ask.body = body;
    request->id =
        desk->ask({"req1",
                   caller,
                   {flow::Protocol::https, {"api.example.test", 443, http::HostKind::name}},
                   policy},
                  ask,
                  [request](Decided decision) { request->heard.push_back(std::move(decision)); });
    return request;
  }

  // One whose client was told 202.
  std::string accepted() {
    const auto request = ask();
    REQUIRE(request->refusal() == Reason::approval_pending);
    return request->heard[0].operation->id;
  }

  [[nodiscard]] State state(const std::string& id) const {
    for (const auto& operation : desk->list()) {
      if (operation.id == id) {
        return operation.state;
      }
    }
    FAIL("no such operation");
    return State::unknown;
  }

  test::TempHome home;
  vault::SecretName name = *vault::SecretName::parse("K");
  std::shared_ptr<const bindings::Bindings> policy;
  std::optional<vault::Vault> vault;
  TurnedClock clock;
  TurnedLog log;
  std::optional<Approvals> desk;
};

}  // namespace

TEST_CASE("who waits hears of the decision, and what was let through is used up by then", "[I6]") {
  Desk desk;
  const auto request = desk.ask();
  CHECK(request->heard.empty());
  CHECK(desk.state(request->id) == State::waiting);
  CHECK(desk.desk->decide(request->id, true, kWho, 1) == Outcome::done);
  CHECK_FALSE(request->refusal());
  CHECK(request->heard[0].operation->id == request->id);
  CHECK(desk.state(request->id) == State::executing);
  CHECK(has(desk.log.text, R"("event":"executing")"));
  desk.desk->finish(request->id, State::succeeded);
  CHECK(desk.state(request->id) == State::succeeded);
  CHECK(desk.desk->decide(request->id, false, kWho, 0) == Outcome::decided);
  CHECK(desk.desk->decide("op_0", true, kWho, 0) == Outcome::unknown);
}

TEST_CASE("denied, or too late, it is not sent") {
  Desk desk;
  const auto denied = desk.ask();
  CHECK(desk.desk->decide(denied->id, false, kWho, 1) == Outcome::done);
  CHECK(denied->refusal() == Reason::approval_denied);
  const auto late = desk.ask();
  desk.desk->end_hold(late->id, flow::HoldEnd::timed_out);
  CHECK(late->refusal() == Reason::approval_required);
  CHECK(desk.desk->decide(late->id, true, kWho, 0) == Outcome::expired);
  const auto gone = desk.ask();
  desk.desk->end_hold(gone->id, flow::HoldEnd::client_gone);
  CHECK(gone->heard.empty());
  CHECK(desk.state(gone->id) == State::client_gone);
  CHECK(desk.desk->decide(gone->id, true, kWho, 0) == Outcome::decided);
}

TEST_CASE("who is told 202 asks after it, and sends it once") {
  Desk desk("{ hold: 5s, on_timeout: 202, retry: 1m }");
  const auto first = desk.ask();
  desk.desk->end_hold(first->id, flow::HoldEnd::timed_out);
  REQUIRE(first->refusal() == Reason::approval_pending);
  const auto view = *first->heard[0].operation;
  CHECK(view.id == first->id);
  CHECK(desk.desk->find(view.id, view.token, "agent")->state == "waiting");
  CHECK_FALSE(desk.desk->find(view.id, view.token, "other"));
  CHECK_FALSE(desk.desk->find(view.id, view.token.substr(1), "agent"));
  CHECK(desk.ask(view.id)->refusal() == Reason::approval_pending);
  CHECK(desk.desk->decide(view.id, true, kWho, 0) == Outcome::done);
  CHECK(desk.desk->find(view.id, view.token, "agent")->may_be_sent);
  CHECK(desk.ask(view.id, "{ }")->refusal() == Reason::approval_mismatch);
  CHECK(desk.ask(view.id, "{}", "other")->refusal() == Reason::approval_unknown);
  CHECK_FALSE(desk.ask(view.id)->refusal());
  CHECK(desk.ask(view.id)->refusal() == Reason::approval_used);
  CHECK(desk.ask("op_0")->refusal() == Reason::approval_unknown);
}

TEST_CASE("each time is over to the microsecond") {
  Desk desk("{ hold: 0, on_timeout: 202, expires: 2m, retry: 1m }");
  const std::string waiting = desk.accepted();
  const std::string approved = desk.accepted();
  CHECK(desk.desk->decide(approved, true, kWho, 0) == Outcome::done);
  desk.clock.now_us += kMinute - 1;
  desk.desk->tick();
  CHECK(desk.state(approved) == State::approved);
  desk.clock.now_us += 1;
  desk.desk->tick();
  CHECK(desk.state(approved) == State::expired);
  CHECK(desk.ask(approved)->refusal() == Reason::approval_expired);
  desk.clock.now_us += kMinute - 1;
  desk.desk->tick();
  CHECK(desk.state(waiting) == State::waiting);
  desk.clock.now_us += 1;
  CHECK(desk.desk->decide(waiting, true, kWho, 0) == Outcome::expired);
  desk.desk->tick();
  CHECK(desk.state(waiting) == State::expired);
  desk.clock.now_us += 24 * 60 * kMinute - 1;
  desk.desk->tick();
  CHECK(desk.desk->list().size() == 1);  // the other one was over before
  desk.clock.now_us += 1;
  desk.desk->tick();
  CHECK(desk.desk->list().empty());
}

TEST_CASE("the 65th that waits is refused, and the 9th of one caller", "[I10]") {
  Desk desk;
  std::vector<std::shared_ptr<Request>> held;
  for (std::size_t i = 0; i < approvals::bounds::kHeldMax; ++i) {
    held.push_back(desk.ask("", "{}", "agent-" + std::to_string(i / 8)));
    REQUIRE(held.back()->heard.empty());
  }
  CHECK(desk.ask("", "{}", "another")->refusal() == Reason::too_many_held);
  CHECK(desk.desk->decide(held[0]->id, false, kWho, 0) == Outcome::done);
  CHECK(desk.ask("", "{}", "agent-1")->refusal() == Reason::too_many_held);
  CHECK(desk.ask("", "{}", "another")->heard.empty());
}

TEST_CASE("another value of the secret, or other bindings, void what was approved", "[I5]") {
  Desk desk;
  const auto rotated = desk.ask();
  REQUIRE(desk.vault->rotate(desk.name, secret_of("real-key-0002"), 1));
  CHECK(desk.desk->decide(rotated->id, true, kWho, 0) == Outcome::done);
  CHECK(rotated->refusal() == Reason::approval_mismatch);
  CHECK(desk.state(rotated->id) == State::expired);
  const auto reloaded = desk.ask();
  desk.desk->set_in_force("others");
  CHECK(desk.desk->decide(reloaded->id, true, kWho, 0) == Outcome::done);
  CHECK(reloaded->refusal() == Reason::approval_mismatch);
  Desk later(kLater);
  const std::string id = later.accepted();
  REQUIRE(later.vault->rotate(later.name, secret_of("real-key-0002"), 1));
  CHECK(later.desk->decide(id, true, kWho, 0) == Outcome::done);
  CHECK(later.ask(id)->refusal() == Reason::approval_mismatch);
  Desk changed(kLater);
  const std::string old = changed.accepted();
  CHECK(changed.desk->decide(old, true, kWho, 0) == Outcome::done);
  changed.desk->set_in_force("others");
  CHECK(changed.ask(old)->refusal() == Reason::approval_mismatch);
  CHECK(changed.state(old) == State::approved);
  changed.desk->set_in_force(changed.policy->sha256);
  CHECK_FALSE(changed.ask(old)->refusal());
}

TEST_CASE("where a step cannot be recorded it does not count, whichever it is", "[I6][I13]") {
  Desk asking;
  asking.log.left = 0;
  CHECK(asking.ask()->refusal() == Reason::limits_unavailable);
  CHECK(asking.desk->list().empty());
  Desk deciding;
  const auto undecided = deciding.ask();
  deciding.log.left = 0;
  CHECK(deciding.desk->decide(undecided->id, true, kWho, 0) == Outcome::not_recorded);
  CHECK(undecided->heard.empty());
  CHECK(deciding.state(undecided->id) == State::waiting);
  Desk granting;
  const auto granted = granting.ask();
  granting.log.left = 1;
  CHECK(granting.desk->decide(granted->id, true, kWho, 0) == Outcome::done);
  CHECK(granted->refusal() == Reason::limits_unavailable);
  CHECK(granting.state(granted->id) == State::approved);
  Desk ending;
  const auto late = ending.ask();
  ending.log.left = 0;
  ending.desk->end_hold(late->id, flow::HoldEnd::timed_out);
  CHECK(late->refusal() == Reason::limits_unavailable);
}

TEST_CASE("a kill in each state leaves what it has to", "[I6]") {
  Desk desk(kLater);
  const std::string waiting = desk.accepted();
  const std::string approved = desk.accepted();
  const std::string denied = desk.accepted();
  const std::string executing = desk.accepted();
  CHECK(desk.desk->decide(approved, true, kWho, 0) == Outcome::done);
  CHECK(desk.desk->decide(denied, false, kWho, 0) == Outcome::done);
  CHECK(desk.desk->decide(executing, true, kWho, 0) == Outcome::done);
  CHECK_FALSE(desk.ask(executing)->refusal());
  desk.policy = bindings_of(kHeld);
  const auto held = desk.ask();
  desk.policy = bindings_of(kLater);
  desk.open();
  CHECK(desk.state(waiting) == State::waiting);
  CHECK(desk.state(approved) == State::approved);
  CHECK(desk.state(denied) == State::denied);
  CHECK(desk.state(executing) == State::unknown);
  CHECK(desk.state(held->id) == State::expired);
  CHECK(desk.ask(executing)->refusal() == Reason::approval_used);
  CHECK_FALSE(desk.ask(approved)->refusal());
  CHECK(desk.desk->decide(waiting, true, kWho, 0) == Outcome::done);
  CHECK_FALSE(desk.ask(waiting)->refusal());
}

TEST_CASE("what somebody else wrote into the file is over, and nothing is sent by it", "[I6]") {
  Desk desk(kLater);
  const std::string waiting = desk.accepted();
  const std::string denied = desk.accepted();
  const std::string approved = desk.accepted();
  const std::string untouched = desk.accepted();
  CHECK(desk.desk->decide(denied, false, kWho, 0) == Outcome::done);
  CHECK(desk.desk->decide(approved, true, kWho, 0) == Outcome::done);
  desk.desk.reset();
  {
    auto file =
        base::Database::open(desk.home.path() + "/approvals.db", base::Database::Mode::read_write);
    REQUIRE(file);
    const std::string later = std::to_string(100 * kMinute);
    REQUIRE(file->execute(("UPDATE operations SET state='approved', retry_expires_us=" + later +
                           " WHERE id<>'" + untouched + "'")
                              .c_str()));
  }
  desk.open();
  for (const std::string& changed : {waiting, denied, approved}) {
    CHECK(desk.state(changed) == State::expired);
    CHECK(desk.ask(changed)->refusal() == Reason::approval_expired);
  }
  CHECK(desk.state(untouched) == State::waiting);
  desk.open();  // each has our seal again
  CHECK(desk.state(denied) == State::expired);
  CHECK(desk.desk->decide(untouched, true, kWho, 0) == Outcome::done);
  CHECK_FALSE(desk.ask(untouched)->refusal());
}

TEST_CASE("what was asked for lies sealed, and goes with the decision", "[I1]") {
  Desk desk(kLater);
  const std::string id = desk.accepted();
  auto file = approvals::OperationFile::open_to_read(desk.home.path() + "/approvals.db");
  REQUIRE(file);
  const auto sealed = file->read_request(id);
  REQUIRE(sealed);
  CHECK_FALSE(has(sealed->box, "/pay"));
  CHECK(desk.vault->open_backup(operation_seal(id), {sealed->nonce, sealed->box}).value() ==
        "POST /pay?x=1\n\n{}");
  CHECK_FALSE(desk.vault->open_backup(operation_seal("op_0"), {sealed->nonce, sealed->box}));
  CHECK(desk.desk->decide(id, false, kWho, 0) == Outcome::done);
  CHECK_FALSE(file->read_request(id));
}

TEST_CASE("of two who decide later the second is told, in the order in which they came") {
  Desk desk;
  const auto request = desk.ask();
  std::vector<Outcome> told;
  for (const bool allows : {false, true}) {
    desk.desk->decide_later(
        request->id, allows, kWho, 1, [&](Outcome outcome) { told.push_back(outcome); });
  }
  CHECK(told == std::vector<Outcome>{Outcome::done, Outcome::decided});
  CHECK(request->refusal() == Reason::approval_denied);
  desk.desk->close();
  desk.desk->decide_later(
      request->id, true, kWho, 0, [&](Outcome outcome) { told.push_back(outcome); });
  CHECK(told.size() == 2);
}

}  // namespace keyswap::net
