// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/host_secrets.h"

#include <algorithm>
#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test } ]
  OTHER:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Other, format: "{secret}" }
    bindings: [ { host: h.test } ]
  OFF:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: X-Off, format: "{secret}" }
    bindings: [ { host: h.test, scrub: off } ]
  ELSEWHERE:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: X-Else, format: "{secret}" }
    bindings: [ { host: other.test } ]
  BAIT:
    honeytoken: true
    placeholder: kswp_PLACEHOLDER_000000000005
)";

struct Learning {
  Learning() : bindings(bindings::parse(kYaml, "/nowhere", {}).bindings) {
    for (const std::string name : {"K", "OTHER", "OFF", "ELSEWHERE"}) {
      net.secrets.values[name] = "the-real-" + name + "-0001";
    }
  }

  void learn() {
    const std::array used = {flow::PlaceOf{0, 0}};
    net::learn_host_secrets(*net.context.secrets,
                            *net.context.memory.known,
                            bindings,
                            {"h.test", 443, http::HostKind::name},
                            used);
  }

  void learn_real(const std::string& host = "h.test") {
    net::learn_real_values(
        *net.context.secrets, net.real, bindings, {host, 443, http::HostKind::name});
  }

  [[nodiscard]] bool knows(const std::string& name) {
    const auto search = net.context.memory.known->find("h.test");
    return search != nullptr &&
           std::ranges::find(search->secrets(), name, &flow::SecretSearch::Known::name) !=
               search->secrets().end();
  }

  bindings::Bindings bindings;
  MemoryNet net;
};

bool knows_real(const Learning& learning, const std::string& name) {
  const auto search = learning.net.real.search();
  return search != nullptr &&
         std::ranges::find(search->secrets(), name, &flow::SecretSearch::Known::name) !=
             search->secrets().end();
}

}  // namespace

TEST_CASE("the secrets that other rules would send to a host are known of it, too", "[I8]") {
  Learning learning;
  learning.learn();
  CHECK(learning.knows("OTHER"));
  CHECK_FALSE(learning.knows("K"));  // it is fetched by who uses it
  CHECK_FALSE(learning.knows("OFF"));
  CHECK_FALSE(learning.knows("ELSEWHERE"));
  CHECK_FALSE(learning.knows("BAIT"));  // a honeytoken has no secret
}

TEST_CASE("each is asked for once, until something may have changed", "[I8]") {
  Learning learning;
  learning.learn();
  const int asked = learning.net.secrets.asked();
  learning.learn();
  CHECK(learning.net.secrets.asked() == asked);
  learning.net.context.memory.known->renew();
  learning.learn();
  CHECK(learning.net.secrets.asked() > asked);
}

TEST_CASE("what cannot be had is not looked for, and what comes late is from then on", "[I8]") {
  Learning learning;
  learning.net.secrets.delays_ms["OTHER"] = FakeSource::kNever;
  learning.learn();
  CHECK_FALSE(learning.knows("OTHER"));
  REQUIRE(learning.net.secrets.answer());
  learning.net.settle();
  CHECK(learning.knows("OTHER"));
  Learning empty;
  empty.net.secrets.is_empty = true;
  empty.learn();
  CHECK_FALSE(empty.knows("OTHER"));
}

TEST_CASE("what a host's rules need is known as real with the first request that goes there") {
  Learning learning;
  learning.learn_real("unbound.test");
  CHECK(learning.net.secrets.asked() == 0);
  learning.learn_real();
  CHECK(knows_real(learning, "K"));
  CHECK(knows_real(learning, "OTHER"));
  CHECK(knows_real(learning, "OFF"));  // what its answers are has nothing to do with it
  CHECK_FALSE(knows_real(learning, "ELSEWHERE"));
  CHECK_FALSE(learning.knows("OTHER"));  // nothing is looked for in answers because of it
}

TEST_CASE("real values are asked for once, until something may have changed") {
  Learning learning;
  learning.learn_real();
  const int asked = learning.net.secrets.asked();
  learning.learn_real();
  CHECK(learning.net.secrets.asked() == asked);
  learning.net.secrets.values["K"] = "the-real-K-0002";
  learning.net.real.renew();
  learning.learn_real();
  CHECK(learning.net.secrets.asked() == 2 * asked);
  CHECK(learning.net.real.search()->secrets().size() == 4);  // with what K was before
}

TEST_CASE("a real value that comes late is known from then on") {
  Learning learning;
  learning.net.secrets.delays_ms["OTHER"] = FakeSource::kNever;
  learning.learn_real();
  CHECK_FALSE(knows_real(learning, "OTHER"));
  REQUIRE(learning.net.secrets.answer());
  learning.net.settle();
  CHECK(knows_real(learning, "OTHER"));
}

TEST_CASE("what its source does not give is asked for again, and no more often than in a while",
          "[I8][I10]") {
  const bool is_late = GENERATE(false, true);
  CAPTURE(is_late);
  Learning learning;
  FakeSource& secrets = learning.net.secrets;
  secrets.is_empty = true;
  if (is_late) {
    secrets.delays_ms["OTHER"] = FakeSource::kNever;
  }
  const auto learn_both = [&] {
    learning.learn();
    learning.learn_real();
  };
  learn_both();
  while (secrets.answer()) {
    learning.net.settle();
  }
  secrets.is_empty = false;
  secrets.delays_ms.clear();
  const int asked = secrets.asked();
  learning.net.pass(base::bounds::kSecretAskedAgainMs - 1);
  learn_both();
  CHECK(secrets.asked() == asked);
  CHECK_FALSE(learning.knows("OTHER"));
  CHECK_FALSE(knows_real(learning, "OTHER"));
  learning.net.pass(1);
  learn_both();
  CHECK(secrets.asked() > asked);
  CHECK(learning.knows("OTHER"));
  CHECK(knows_real(learning, "OTHER"));
  const int then = secrets.asked();
  learning.net.pass(2 * base::bounds::kSecretAskedAgainMs);
  learn_both();
  CHECK(secrets.asked() == then);
}

TEST_CASE("no more real values are open at once than there is room for", "[I10]") {
  Learning learning;
  for (const std::string name : {"K", "OTHER", "OFF"}) {
    learning.net.secrets.values[name] = name + std::string(8 * 1024, 'x');
  }
  learning.learn_real();
  CHECK(learning.net.secrets.asked() == 2);  // the second is one too many
  CHECK(knows_real(learning, "K"));
  CHECK_FALSE(knows_real(learning, "OTHER"));
  // One that never fits keeps no other out.
  Learning huge;
  huge.net.secrets.values["K"] = std::string(base::bounds::kSecretBytesMax, 'x');
  huge.learn_real();
  CHECK_FALSE(knows_real(huge, "K"));
  CHECK(knows_real(huge, "OTHER"));
}

}  // namespace keyswap::test
