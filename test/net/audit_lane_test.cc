// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/audit_lane.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/net/context.h"
#include "proxy/net/handle.h"
#include "proxy/net/telling.h"
#include "proxy/net/turn.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

TEST_CASE("who waits for a record hears of it once it is durable, or never will be", "[I6]") {
  MemoryNet net;
  const bool is_durable = GENERATE(true, false);
  std::vector<bool> told;
  net.context.audit->add(audit::DecisionRecord{});
  net.context.audit->wait_for([&](bool durable) { told.push_back(durable); });
  net.context.audit->wait_for([&](bool durable) { told.push_back(durable); });
  net.settle();
  CHECK(told.empty());
  REQUIRE(net.log.answer(is_durable));  // one batch for both
  net.settle();
  CHECK(told == std::vector<bool>{is_durable, is_durable});
  CHECK_FALSE(net.log.answer(true));
}

TEST_CASE("no record shows a real value that is known, wherever a client's text has it", "[I1]") {
  MemoryNet net;
  const std::string value = "the-real-key-0001";
  const flow::WantedSecret wanted{value, "K", {}};
  net.real.add(std::span(&wanted, 1));
  const std::string path = "/a/%74he-real-key-0001/b";
  const std::string host = value + ".example.test";
  audit::DecisionRecord decision;
  decision.destination = {host, 443, value, path};
  decision.order = audit::OrderRef{value, value, value};
  decision.facts = value;
  net.context.audit->add(decision);
  audit::ResponseRecord response;
  response.cause = base::Cause::name_unknown;
  response.facts = value;
  net.context.audit->add(response);
  audit::ClientTlsFailedRecord handshake;
  handshake.host = host;
  net.context.audit->add(handshake);
  audit::HoneytokenRecord honeytoken;
  honeytoken.destination = decision.destination;
  net.context.audit->add(honeytoken);
  audit::RealSecretRecord alert;
  alert.destination = decision.destination;
  net.context.audit->add(alert);
  audit::UpstreamClockRecord clock;
  clock.host = host;
  net.context.audit->add(clock);
  net.settle();
  const std::string& written = net.log.last();
  CAPTURE(written);
  CHECK(written.find("real-key") == std::string::npos);
  CHECK(written.find(R"("host":"<K>.example.test","port":443,"method":"<K>","path":"/a/<K>/b")") !=
        std::string::npos);
  CHECK(written.find(R"("order":{"symbol":"<K>","side":"<K>","type":"<K>")") != std::string::npos);
  CHECK(written.find(R"("facts":"<K>")") != std::string::npos);
}

TEST_CASE("refusals are counted, and nothing else is") {
  MemoryNet net;
  using audit::Decision;
  for (const Decision decision :
       {Decision::allowed, Decision::pass, Decision::denied, Decision::refused}) {
    audit::DecisionRecord record;
    record.decision = decision;
    net.context.audit->add(record);
  }
  CHECK(net.context.telling->refusals().exchange(0) == 2);
}

TEST_CASE("a handle finds what it leads to as long as that is there") {
  struct Waits {
    int number = 7;
    net::Anchor<Waits> anchor{*this};
  };

  std::optional<Waits> waits(std::in_place);
  const net::Handle<Waits> handle = waits->anchor.handle();
  REQUIRE(handle.get() != nullptr);
  CHECK(handle.get()->number == 7);
  waits.reset();
  CHECK(handle.get() == nullptr);
}

TEST_CASE("a turn ends with what was put off, and then with the dead") {
  struct Dead final : net::Mortal {
    explicit Dead(std::vector<int>& log) : log_(&log) {}

    ~Dead() override { log_->push_back(9); }

    std::vector<int>* log_;
  };

  MemoryNet net;
  std::vector<int> happened;
  net.context.bury(std::make_unique<Dead>(happened));
  net.context.defer([&] {
    happened.push_back(1);
    net.context.defer([&] { happened.push_back(2); });
  });
  net.context.end_turn();
  CHECK(happened == std::vector<int>{1, 2, 9});
}

}  // namespace keyswap::test
