// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_guard.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap {
namespace {

using base::Errc;
using outgoing::CallGuard;
using outgoing::CallPolicy;
using Addresses = std::vector<std::string>;

struct World {
  std::shared_ptr<bindings::Bindings> bindings = std::make_shared<bindings::Bindings>();
  CallPolicy policy;

  World() { policy.bindings = bindings; }

  void set_proxy(bindings::ProxyGuard guard) const {
    bindings->upstream.proxy = std::make_unique<bindings::UpstreamProxy>();
    *bindings->upstream.proxy = {"proxy.corp.test", 3128, guard};
  }

  [[nodiscard]] base::Result<CallGuard> of(std::string_view url) const {
    return CallGuard::of(url, policy, nullptr);
  }
};

TEST_CASE("M08 a public name is dialled at the addresses that were judged, and at no other [I12]",
          "[I12]") {
  const World world;
  auto guard = world.of("https://API.example.com:443/a%20b?c=d");
  REQUIRE(guard);
  CHECK(guard->wants() == "api.example.com");
  REQUIRE(guard->learn(Addresses{"8.8.8.8", "2001:4860:4860::8888"}));
  CHECK(guard->wants().empty());
  CHECK(guard->url() == "https://api.example.com/a%20b?c=d");
  CHECK(guard->is_https());
  CHECK_FALSE(guard->is_by_proxy());
  CHECK(guard->dialled() == guard->authority());
  CHECK(guard->addresses().size() == 2);
  CHECK(guard->may_dial({"8.8.8.8", 443}));
  CHECK(guard->may_dial({"2001:4860:4860::8888", 443}));
}

TEST_CASE("M09 L22 what a name is found to be afterwards is not dialled [I12]", "[I12]") {
  const World world;
  auto guard = world.of("https://api.example.com/");
  REQUIRE(guard);
  REQUIRE(guard->learn(Addresses{"8.8.8.8"}));
  CHECK_FALSE(guard->may_dial({"8.8.4.4", 443}));
  CHECK_FALSE(guard->may_dial({"127.0.0.1", 443}));
  CHECK_FALSE(guard->may_dial({"8.8.8.8", 8443}));
  CHECK_FALSE(guard->may_dial({}));
}

TEST_CASE("M06 one internal address spoils the answer [I12]", "[I12]") {
  const World world;
  for (const char* bad :
       {"10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1", "x"}) {
    INFO(bad);
    auto guard = world.of("https://api.example.com/");
    REQUIRE(guard);
    CHECK(guard->learn(Addresses{"8.8.8.8", bad}).error().code == Errc::permission);
    CHECK(guard->addresses().empty());
  }
}

TEST_CASE("M07 a name without an address is not called") {
  const World world;
  for (const base::Result<Addresses>& answer :
       {base::Result<Addresses>(base::Error{Errc::not_found, "no such name"}),
        base::Result<Addresses>(base::Error{Errc::timed_out, "late"}),
        base::Result<Addresses>(Addresses{})}) {
    auto guard = world.of("https://api.example.com/");
    REQUIRE(guard);
    CHECK(guard->learn(answer).error().code == Errc::network);
  }
}

TEST_CASE("M13 only https is spoken, but for http to this machine's own addresses") {
  World world;
  world.policy.allowed = {{"127.0.0.0", 8}, {"::1", 128}};
  for (const char* url : {"http://api.example.com/",
                          "http://10.0.0.1/",
                          "http://localhost/",
                          "ftp://api.example.com/",
                          "file:///etc/passwd",
                          "//api.example.com/",
                          "api.example.com",
                          "https://user@api.example.com/",
                          "https://user:word@api.example.com/",
                          "https://api.example.com/#fragment",
                          "https://api.example.com/a b",
                          "https://api.example.com/a\\b\x01",
                          "https://api.example.com/\xc3\xa4",
                          "https://api.example.com/a\r\nX: y",
                          "https://0x7f.1/",
                          "https://2130706433/",
                          "https:///",
                          ""}) {
    INFO(url);
    const auto guard = world.of(url);
    CHECK_FALSE(guard);
    CHECK((guard || guard.error().code == Errc::invalid_input));
  }
  for (const char* url :
       {"http://127.0.0.1:8200/v1", "http://[::1]:8200/v1", "https://127.0.0.1/"}) {
    INFO(url);
    const auto guard = world.of(url);
    REQUIRE(guard);
    CHECK(guard->wants().empty());
    CHECK(guard->addresses().size() == 1);
  }
}

TEST_CASE("M01 the entry's own ranges open what they name, and never the metadata [I12]", "[I12]") {
  World world;
  CHECK(world.of("https://127.0.0.1/").error().code == Errc::permission);
  CHECK(world.of("https://vault.internal/").error().code == Errc::permission);
  CHECK(world.of("https://localhost/").error().code == Errc::permission);
  world.policy.allowed = {{"10.0.0.0", 8}, {"169.254.0.0", 16}};
  auto inside = world.of("https://vault.corp.internal/");
  REQUIRE(inside);
  CHECK(inside->learn(Addresses{"10.1.2.3"}));
  CHECK(world.of("https://192.168.0.1/").error().code == Errc::permission);
  CHECK(world.of("https://169.254.169.254/").error().code == Errc::permission);
  CHECK(world.of("https://metadata.google.internal/").error().code == Errc::permission);
}

TEST_CASE("a source that leads back to a listener is not called [I12]", "[I12]") {
  World world;
  world.policy.allowed = {{"127.0.0.0", 8}};
  const auto here = [](const uv::Endpoint& endpoint) {
    return endpoint.port == 8472;
  };
  CHECK(CallGuard::of("http://127.0.0.1:8472/", world.policy, here).error().code ==
        Errc::permission);
  CHECK(CallGuard::of("http://127.0.0.1:8200/", world.policy, here));
  world.bindings->upstream.resolve["a.example.com:443"] = {"127.0.0.1", 8472, http::HostKind::ipv4};
  CHECK(CallGuard::of("https://a.example.com/", world.policy, here).error().code ==
        Errc::permission);
}

TEST_CASE("upstream.resolve leads where the operator wrote [I12]", "[I12]") {
  const World world;
  world.bindings->upstream.resolve["vault.internal:443"] = {"10.0.0.1", 8200, http::HostKind::ipv4};
  const auto guard = world.of("https://vault.internal/");
  REQUIRE(guard);
  CHECK(guard->wants().empty());
  CHECK(guard->authority().host == "vault.internal");
  CHECK(guard->dialled().port == 8200);
  CHECK(guard->may_dial({"10.0.0.1", 8200}));
  CHECK_FALSE(guard->may_dial({"10.0.0.1", 443}));
}

TEST_CASE("through upstream.proxy a name is judged here as far as that can be done [I12]",
          "[I12]") {
  const World world;
  world.set_proxy(bindings::ProxyGuard::resolve);
  auto guard = world.of("https://api.example.com/");
  REQUIRE(guard);
  CHECK(guard->wants() == "api.example.com");
  REQUIRE(guard->learn(Addresses{"8.8.8.8"}));
  CHECK(guard->wants() == "proxy.corp.test");
  REQUIRE(guard->learn(Addresses{"10.0.0.7"}));
  CHECK(guard->wants().empty());
  CHECK(guard->is_by_proxy());
  CHECK(guard->authority().host == "api.example.com");
  CHECK(guard->may_dial({"10.0.0.7", 3128}));
  CHECK_FALSE(guard->may_dial({"8.8.8.8", 443}));

  auto inside = world.of("https://api.example.com/");
  REQUIRE(inside);
  CHECK(inside->learn(Addresses{"10.0.0.1"}).error().code == Errc::permission);
  auto unknown = world.of("https://api.example.com/");
  REQUIRE(unknown);
  REQUIRE(unknown->learn(base::Error{Errc::not_found, "not here"}));
  CHECK(unknown->wants() == "proxy.corp.test");
  auto spelled = world.of("https://10.0.0.1.nip.io/");
  REQUIRE(spelled);
  CHECK(spelled->learn(base::Error{Errc::not_found, "not here"}).error().code == Errc::permission);
}

TEST_CASE("where the proxy alone knows names, they are judged by their spelling [I12]", "[I12]") {
  const World world;
  world.set_proxy(bindings::ProxyGuard::names);
  const auto guard = world.of("https://api.example.com/");
  REQUIRE(guard);
  CHECK(guard->wants() == "proxy.corp.test");
  CHECK(world.of("https://10.0.0.1.nip.io/").error().code == Errc::permission);
  CHECK(world.of("https://10.0.0.1/").error().code == Errc::permission);
}

TEST_CASE("this machine's own addresses are no affair of the proxy") {
  World world;
  world.set_proxy(bindings::ProxyGuard::names);
  world.policy.allowed = {{"127.0.0.0", 8}};
  const auto guard = world.of("http://127.0.0.1:8200/");
  REQUIRE(guard);
  CHECK_FALSE(guard->is_by_proxy());
  CHECK(guard->may_dial({"127.0.0.1", 8200}));
}

}  // namespace
}  // namespace keyswap
