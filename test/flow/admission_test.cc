// SPDX-License-Identifier: Apache-2.0
//
// The road by itself; requests and messages on it are in exchange_admission_test.cc and
// websocket_messages_test.cc.
#include "proxy/flow/admission.h"

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using Step = Admission::Step;

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
  L:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, rate_limit: { requests: 9, per: 1s } } ]
  M:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, quota: { requests: 9, per: day } } ]
)";

constexpr std::uint32_t kFree = 0;  // the rule without limits
constexpr std::uint32_t kLimited = 1;
constexpr std::uint32_t kSecond = 2;

struct Road {
  explicit Road(std::uint32_t rule,
                std::shared_ptr<const bindings::Bindings> bindings = test::bindings_of(kYaml))
      : admission(std::move(bindings)) {
    Verdict verdict;
    verdict.decision = Decision::allowed;
    verdict.reason = Reason::binding_matched;
    verdict.rule = rule;
    verdict.uses = {{rule, 0}};
    admission.decide(std::move(verdict));
  }

  // The only action of that kind; null: there is none.
  template <typename Asked>
  const Asked* asked() {
    const Asked* found = nullptr;
    for (const auto& action : actions) {
      if (const auto* one = std::get_if<Asked>(&action)) {
        CHECK(found == nullptr);
        found = one;
      }
    }
    return found;
  }

  [[nodiscard]] Wait wait() {
    const auto* const set = asked<SetWait>();
    return set == nullptr ? Wait::none : set->wait;
  }

  Asks asks() {
    actions.clear();
    return Asks(actions);
  }

  Admission admission;
  Actions actions;
};

}  // namespace

TEST_CASE("what costs is charged, then its secrets are fetched, then it is recorded", "[I6]") {
  Road road(kLimited);
  CHECK(road.admission.step() == Step::judging);
  bindings::Judgement judgement;
  judgement.volume_e8 = 7;
  judgement.volume_max_e8 = 9;
  CHECK_FALSE(road.admission.admit(std::move(judgement), road.asks()));
  CHECK(road.admission.step() == Step::charging);
  REQUIRE(road.asked<Charge>() != nullptr);
  CHECK(road.asked<Charge>()->volume_e8 == 7);
  CHECK(road.wait() == Wait::record);
  CHECK(road.asked<FetchSecrets>() == nullptr);

  CHECK_FALSE(road.admission.take(Charged{.refusal = {}, .nonce = 5}, road.asks()));
  CHECK(road.admission.step() == Step::fetching);
  REQUIRE(road.asked<FetchSecrets>() != nullptr);
  CHECK(road.asked<FetchSecrets>()->places == std::vector<PlaceOf>{{kLimited, 0}});
  CHECK(road.wait() == Wait::secrets);
  CHECK(road.admission.nonce() == 5);

  road.admission.take_secrets();
  CHECK(road.admission.step() == Step::admitted);
  road.admission.record({.method = "GET", .path = "/x"}, road.asks());
  CHECK(road.admission.step() == Step::recording);
  REQUIRE(road.asked<Record>() != nullptr);
  CHECK(road.asked<Record>()->decision == Decision::allowed);
  CHECK(road.asked<Record>()->path == "/x");
  CHECK(road.wait() == Wait::record);

  CHECK_FALSE(road.admission.take(RecordDone{true}));
  CHECK(road.admission.end_charge());
  CHECK_FALSE(road.admission.end_charge());  // once
}

TEST_CASE("what costs nothing is not charged, and what needs no secret fetches none") {
  Road free(kFree);
  CHECK_FALSE(free.admission.admit({}, free.asks()));
  CHECK(free.admission.step() == Step::fetching);
  CHECK(free.asked<Charge>() == nullptr);
  CHECK_FALSE(free.admission.end_charge());

  Road bare(kFree);
  CHECK_FALSE(bare.admission.admit_bare({}, bare.asks()));
  CHECK(bare.admission.step() == Step::admitted);
  CHECK(bare.actions.empty());

  Road charged(kLimited);
  CHECK_FALSE(charged.admission.admit_bare({}, charged.asks()));
  CHECK(charged.admission.step() == Step::charging);
  CHECK_FALSE(charged.admission.take(Charged{}, charged.asks()));
  CHECK(charged.admission.step() == Step::admitted);
  CHECK(charged.asked<FetchSecrets>() == nullptr);
}

TEST_CASE("each step that fails or takes too long says why, and nothing more is asked for",
          "[I10][I13]") {
  Road judged(kFree);
  bindings::Judgement blocked;
  blocked.refusal = bindings::SignerRefusal::endpoint_blocked;
  CHECK(judged.admission.admit(std::move(blocked), judged.asks()) == Reason::endpoint_blocked);
  CHECK(judged.actions.empty());

  Road charged(kLimited);
  static_cast<void>(charged.admission.admit({}, charged.asks()));
  CHECK(charged.admission.time_out() == Reason::limits_unavailable);
  CHECK(charged.admission.take(Charged{Reason::rate_limited, 1500}, charged.asks()) ==
        Reason::rate_limited);
  CHECK(charged.admission.retry_after_ms() == 1500);
  CHECK(charged.actions.empty());
  CHECK_FALSE(charged.admission.end_charge());

  Road missing(kFree);
  static_cast<void>(missing.admission.admit({}, missing.asks()));
  SecretsUnavailable none{"K", SecretFault::missing};
  CHECK(missing.admission.take(none) == Reason::secret_unavailable);
  CHECK(missing.admission.missing_secret() == "K");

  Road late(kFree);
  static_cast<void>(late.admission.admit({}, late.asks()));
  CHECK(late.admission.time_out() == Reason::secret_unavailable);
  CHECK(late.admission.secret_fault() == SecretFault::late);
  CHECK(late.admission.failure().cause == base::Cause::secret_timed_out);
  late.admission.refuse(Reason::secret_unavailable);
  late.admission.record({}, late.asks());
  REQUIRE(late.asked<Record>() != nullptr);
  CHECK(late.asked<Record>()->decision == Decision::refused);
  CHECK(late.asked<Record>()->failure.cause == base::Cause::secret_timed_out);
}

TEST_CASE("a secret that its source does not give names the source, and when to come again") {
  auto parsed = bindings::parse(kYaml, "/nowhere", {});
  vault::SourceSpec spec;
  spec.id = "company";
  vault::SourceTable::Routes routes = {{*vault::SecretName::parse("K"), {0, "K", ""}}};
  parsed.bindings.sources =
      std::make_shared<const vault::SourceTable>(std::vector{std::move(spec)}, std::move(routes));
  Road road(kFree, std::make_shared<const bindings::Bindings>(std::move(parsed.bindings)));
  static_cast<void>(road.admission.admit({}, road.asks()));
  SecretsUnavailable down{"K", SecretFault::source_down, 4000};
  CHECK(road.admission.take(down) == Reason::secret_unavailable);
  CHECK(road.admission.failure().cause == base::Cause::secret_source_down);
  CHECK(road.admission.failure().facts == "company");
  CHECK(road.admission.retry_after_ms() == 4000);
  CHECK(road.admission.time_out() == Reason::secret_unavailable);
  CHECK(road.admission.failure().facts == "company");
}

TEST_CASE("a secret whose log-in is over names the command that logs in again, and no other does") {
  const std::string long_id = "mint:" + std::string(90, 'K');

  struct Shut {
    std::string id;
    bool has_login;
    std::string facts;
  };

  for (const Shut& shut : {Shut{"mint:K", true, "mint:K; keyswap login --name K"},
                           Shut{"mint:K", false, "mint:K"},
                           Shut{long_id, true, long_id}}) {  // a part of a command is none
    INFO(shut.id);
    auto parsed = bindings::parse(kYaml, "/nowhere", {});
    vault::SourceSpec spec;
    spec.id = shut.id;
    if (shut.has_login) {
      spec.settings.push_back({"refresh_token", "K_REFRESH"});
    }
    vault::SourceTable::Routes routes = {{*vault::SecretName::parse("K"), {0, "K", ""}}};
    parsed.bindings.sources =
        std::make_shared<const vault::SourceTable>(std::vector{std::move(spec)}, std::move(routes));
    Road road(kFree, std::make_shared<const bindings::Bindings>(std::move(parsed.bindings)));
    static_cast<void>(road.admission.admit({}, road.asks()));
    SecretsUnavailable event{"K", SecretFault::source_shut};
    CHECK(road.admission.take(event) == Reason::secret_unavailable);
    CHECK(road.admission.failure().facts == shut.facts);
  }
}

TEST_CASE("nothing may be sent that is refused, or whose record is not durable", "[I6][I13]") {
  for (const bool is_refused : {false, true}) {
    for (const bool is_durable : {false, true}) {
      Road road(kFree);
      if (is_refused) {
        road.admission.refuse(Reason::body_too_large);
      }
      road.admission.record({}, road.asks());
      const auto why_not = road.admission.take(RecordDone{is_durable});
      if (!is_durable) {
        CHECK(why_not == Reason::audit_unavailable);
      } else if (is_refused) {
        CHECK(why_not == Reason::body_too_large);
      } else {
        CHECK_FALSE(why_not);
      }
    }
  }
}

TEST_CASE("the scopes of all that is used are charged one after the other, each once", "[limits]") {
  Road road(kLimited);
  Verdict verdict = road.admission.verdict();
  verdict.uses = {{kFree, 0}, {kLimited, 0}, {kLimited, 0}, {kSecond, 0}};
  road.admission.decide(std::move(verdict));
  CHECK_FALSE(road.admission.admit({}, road.asks()));
  REQUIRE(road.asked<Charge>() != nullptr);
  CHECK(road.asked<Charge>()->rule == kLimited);
  CHECK_FALSE(road.admission.take(Charged{}, road.asks()));
  REQUIRE(road.asked<Charge>() != nullptr);
  CHECK(road.asked<Charge>()->rule == kSecond);
  CHECK(road.asked<FetchSecrets>() == nullptr);
  CHECK(road.admission.step() == Step::charging);
  SECTION("and then all secrets are fetched at once") {
    CHECK_FALSE(road.admission.take(Charged{}, road.asks()));
    REQUIRE(road.asked<FetchSecrets>() != nullptr);
    CHECK(road.asked<FetchSecrets>()->places.size() == 3);
  }
  SECTION("what was charged already is given back when a later one is refused") {
    CHECK(road.admission.take(Charged{.refusal = Reason::quota_exceeded}, road.asks()) ==
          Reason::quota_exceeded);
    CHECK(road.admission.end_charge());
  }
}

}  // namespace keyswap::flow
