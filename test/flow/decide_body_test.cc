// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_body.h"

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::BodyText;

const char* const kYaml = R"(
version: 1
callers: [ann, bob]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: Authorization, format: "Bearer {secret}", max_occurrences: 2 }
      - { body: text, json_pointer: /a, max_occurrences: 2 }
      - { body: text, form_field: a, bindings: [ { host: api.example.test, methods: [PUT] } ] }
    bindings: [ { host: api.example.test, paths: ["/v1/**"], callers: [ann], max_body: 1000 } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text, content_type: text/plain }
    bindings: [ { host: api.example.test } ]
  FAR:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { body: text }
    bindings: [ { host: far.example.test } ]
)";

struct Asked {
  explicit Asked(std::vector<std::pair<std::string, std::string>> fields = {},
                 std::string method = "POST",
                 std::string target = "/v1/x",
                 const std::string& more = "")
      : bindings(test::bindings_of(std::string("misplaced_placeholder: ") +
                                   (more.empty() ? "forward" : more) + kYaml)),
        fields_(std::move(fields)),
        method_(std::move(method)),
        target_(std::move(target)) {
    head.method = method_;
    for (const auto& [name, value] : fields_) {
      head.fields.add(name, value);
    }
  }

  [[nodiscard]] Request request() const { return {head, target_, destination, *bindings, caller}; }

  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> places() const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
    for (const SwapPlace& place : find_body_places(request()).places) {
      found.emplace_back(place.rule, place.place);
    }
    return found;
  }

  http::RequestHead head;
  Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  std::string caller = "ann";
  std::shared_ptr<const bindings::Bindings> bindings;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string method_;
  std::string target_;
};

using Places = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
const std::pair<std::string, std::string> kJson = {"Content-Type", "application/json"};
const std::pair<std::string, std::string> kForm = {"Content-Type",
                                                   "application/x-www-form-urlencoded"};
const std::pair<std::string, std::string> kPlain = {"content-type", "text/plain; charset=utf-8"};

}  // namespace

TEST_CASE("a body has the places that are bound to its request and its kind", "[I5]") {
  CHECK(Asked({kJson}).places() == Places{{0, 1}});
  CHECK(Asked({kPlain}).places() == Places{{1, 0}});
  CHECK(Asked({kForm}).places().empty());
  CHECK(Asked({kForm}, "PUT", "/v2").places() == Places{{0, 2}});
  CHECK(Asked({kJson}, "POST", "/v2/x").places().empty());
  CHECK(Asked().places().empty());
  CHECK(find_body_places(Asked({kJson}).request()).text == BodyText::json);
}

TEST_CASE("B38 a body's scope is judged by the path that the head's is judged by", "[I5]") {
  const auto places = [](const std::string& target) {
    const bool is_discovery = target.find("info/refs") != std::string::npos;
    Asked asked({}, is_discovery ? "GET" : "POST", target);
    asked.bindings = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text }
    bindings: [ { host: api.example.test, paths: ["/**/git-upload-pack"] } ]
)");
    return asked.places();
  };
  CHECK(places("/o/r.git/git-upload-pack") == Places{{0, 0}});
  CHECK(places("/o/r.git/info/refs?service=git-upload-pack") == Places{{0, 0}});
  CHECK(places("/o/r.git/git-receive-pack").empty());
  CHECK(places("/o/r.git/git-upload-pack/..%2fgit-receive-pack").empty());
}

TEST_CASE("a body that is encoded, or of two kinds, or in the clear has no places", "[I5]") {
  CHECK(Asked({kJson, {"Content-Encoding", "gzip"}}).places().empty());
  CHECK(Asked({kJson, {"content-encoding", "Identity"}}).places().size() == 1);
  CHECK(Asked({kJson, kJson}).places().empty());
  Asked clear({kJson});
  clear.destination.protocol = Protocol::http;
  CHECK(clear.places().empty());
}

TEST_CASE("a placeholder too many, another caller, or too long a body is refused", "[I10]") {
  Asked asked({kJson});
  const SwapPlace place = find_body_places(asked.request()).places.at(0);
  Use in_head{.rule = 0};
  in_head.spot = bindings::Spot{};
  const std::vector<Use> head = {in_head};
  CHECK(check_occurrence(asked.request(), {}, {place, 0, 10}) == std::nullopt);
  CHECK(check_occurrence(asked.request(), {}, {place, 1, 10}) == std::nullopt);
  CHECK(check_occurrence(asked.request(), {}, {place, 2, 10}) ==
        Reason::ambiguous_placeholder_match);
  CHECK(check_occurrence(asked.request(), head, {place, 1, 10}) ==
        Reason::ambiguous_placeholder_match);
  CHECK(check_occurrence(asked.request(), {}, {place, 0, 1001}) == Reason::body_too_large);
  asked.caller = "bob";
  CHECK(check_occurrence(asked.request(), {}, {place, 0, 10}) == Reason::caller_not_allowed);
}

TEST_CASE("why a placeholder in a body stays", "[I2]") {
  const auto reason = [](const Asked& asked, std::uint32_t rule) {
    return deny_in_body(asked.request(), rule).reason;
  };
  CHECK(reason(Asked({kPlain}), 0) == Reason::untargeted_location);
  CHECK(reason(Asked({kJson}, "POST", "/v2"), 0) == Reason::binding_scope_violation);
  CHECK(reason(Asked({kJson}), 2) == Reason::destination_not_in_binding);
  Asked clear;
  clear.destination.protocol = Protocol::http;
  CHECK(reason(clear, 0) == Reason::insecure_scheme);
  Asked noted({kJson});
  auto changed = bindings::parse(kYaml, "/nowhere", {}).bindings;
  changed.rules[2].out_of_force = bindings::OutOfForce::invalid_note;
  noted.bindings = std::make_shared<const bindings::Bindings>(std::move(changed));
  CHECK(reason(noted, 2) == Reason::invalid_binding_metadata);
}

TEST_CASE("the verdict on a request is that on its head and on its body", "[I2]") {
  const Asked asked({kJson});
  const Use use = use_of(find_body_places(asked.request()).places.at(0));
  const Verdict pass{Decision::pass, Reason::no_placeholder};
  const auto allowed = decide_with_body(asked.request(), pass, {{use}, {0, 2}});
  CHECK(allowed.decision == Decision::allowed);
  CHECK(allowed.rule == 0U);
  REQUIRE(allowed.others.size() == 2);
  CHECK(allowed.others[0].rule == 0);  // it stands somewhere else, too
  CHECK(allowed.others[0].reason == Reason::untargeted_location);
  CHECK(allowed.others[1].rule == 2);

  const auto denied = decide_with_body(asked.request(), pass, {{}, {2, 1}});
  CHECK(denied.decision == Decision::denied);
  CHECK(denied.reason == Reason::destination_not_in_binding);
  REQUIRE(denied.others.size() == 1);
  CHECK(denied.others[0].reason == Reason::untargeted_location);

  const Verdict head_denied{Decision::denied, Reason::destination_not_in_binding, 2};
  const auto both = decide_with_body(asked.request(), head_denied, {{use}, {}});
  CHECK(both.decision == Decision::allowed);
  CHECK(both.rule == 0U);
  REQUIRE(both.others.size() == 1);
  CHECK(both.others[0].rule == 2);

  // A placeholder in a wrong place of the head is told of, although the body uses its secret.
  const Verdict misplaced{Decision::denied, Reason::untargeted_location, 0};
  const auto twice = decide_with_body(asked.request(), misplaced, {{use}, {}});
  CHECK(twice.decision == Decision::allowed);
  REQUIRE(twice.others.size() == 1);
  CHECK(twice.others[0].rule == 0);
  CHECK(twice.others[0].reason == Reason::untargeted_location);

  const Verdict refused{Decision::refused, Reason::endpoint_blocked, 0};
  CHECK(decide_with_body(asked.request(), refused, {{use}, {}}).reason == Reason::endpoint_blocked);
}

TEST_CASE(
    "what stays in a body is refused where the operator chose so, of a secret that is used, too",
    "[I2]") {
  const Asked asked({kJson}, "POST", "/v1/x", "refuse");
  const Use use = use_of(find_body_places(asked.request()).places.at(0));
  const Verdict pass{Decision::pass, Reason::no_placeholder};
  CHECK(decide_with_body(asked.request(), pass, {{use}, {}}).decision == Decision::allowed);
  CHECK(decide_with_body(asked.request(), pass, {{use}, {0}}).decision == Decision::refused);
  const auto refused = decide_with_body(asked.request(), pass, {{use}, {1}});
  CHECK(refused.decision == Decision::refused);
  CHECK(refused.rule == 1U);
  CHECK(refused.uses.empty());
}

TEST_CASE("the rules of every scope that is used are asked, and of no other") {
  Asked asked({kJson});
  const std::vector<Use> uses = {{.rule = 0}, {.rule = 1}};
  CHECK_FALSE(has_body_rules(asked.request(), uses));
  CHECK_FALSE(find_broken_rule(asked.request(), uses, "no JSON"));
  auto rules = std::make_shared<bindings::BodyRules>();
  auto& condition = rules->json.emplace_back();
  condition.where = "/a";
  condition.pointer = {"a"};
  auto& scope = const_cast<bindings::Bindings&>(*asked.bindings).rules[1].scopes[0];
  scope.body_rules = rules;
  CHECK(has_body_rules(asked.request(), uses));
  CHECK_FALSE(has_body_rules(asked.request(), std::vector<Use>{{.rule = 0}}));
  CHECK_FALSE(find_broken_rule(asked.request(), uses, R"({"a":1})"));
  CHECK(find_broken_rule(asked.request(), uses, "{}")->rule == "json /a, present");
  // One that is sent as it comes cannot be judged.
  const SwapPlace place{.rule = 1};
  CHECK(check_occurrence(asked.request(), {}, {place, 0, 65536}) == std::nullopt);
  CHECK(check_occurrence(asked.request(), {}, {place, 0, 65537}) == Reason::body_too_large);
}

}  // namespace keyswap::flow
